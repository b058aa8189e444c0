<?php
// Says what it was told about the visitor, as JSON; the counterpart of app.py.
$told = array_filter($_SERVER, fn($name) => preg_match('/USER|REMOTE|GATEHOUSE|VARIABLE|FORWARDED/i', $name)
	&& !in_array($name, ['REMOTE_ADDR', 'REMOTE_PORT', 'REMOTE_HOST', 'HTTP_USER_AGENT', 'USER']), ARRAY_FILTER_USE_KEY);
if (isset($_GET['status'])) {
	http_response_code((int)$_GET['status']);
}
if (isset($_GET['hand-over'])) {
	header('X-Accel-Redirect: ' . $_GET['hand-over']);
}
header('Content-Type: application/json');
echo json_encode(['secret' => 'SECRET-php', 'told' => (object)$told, 'method' => $_SERVER['REQUEST_METHOD'],
	'path' => $_SERVER['PATH_INFO'] ?? '', 'query' => $_SERVER['QUERY_STRING'], 'body' => file_get_contents('php://input')]);
