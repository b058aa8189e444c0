-- Our own users table, made only where there is none.
CREATE TABLE IF NOT EXISTS users (
	id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	username varchar(64) NOT NULL,
	email varchar(254) NOT NULL,
	password_hash varchar(255) NOT NULL,
	created_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
	last_login datetime NULL,
	is_active tinyint(1) NOT NULL DEFAULT 1,
	UNIQUE KEY users_username (username),
	UNIQUE KEY users_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci
