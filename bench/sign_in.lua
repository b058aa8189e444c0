-- Sign-ins as a program makes them, each by another person, so that the throttle has no part in it.
-- BENCH_NAMES is a file with a name a line.
local names = {}
for name in io.lines(os.getenv("BENCH_NAMES")) do
	names[#names + 1] = name
end
local turn = os.time() % #names

request = function()
	turn = turn % #names + 1
	local body = string.format('{"username":"%s","password":"%s"}', names[turn], os.getenv("BENCH_PASSWORD"))
	return wrk.format("POST", nil, {
		["Host"] = wrk.headers["Host"],
		["Content-Type"] = "application/json",
		["Accept"] = "application/json",
	}, body)
end
