-- name: users_find
-- Everybody whose username or email the server holds to be this text. Its collation folds case and
-- accents, so several may come back; the program compares again.
SELECT {{id}}, {{username}}, {{email}}, {{password_hash}}, {{active}}
FROM {{table}} WHERE {{username}} = ? OR {{email}} = ? LIMIT 20

-- name: users_load
SELECT {{id}}, {{username}}, {{email}}, {{password_hash}}, {{active}}
FROM {{table}} WHERE {{id}} = ? LIMIT 2

-- name: users_insert
INSERT INTO {{table}} ({{insert_columns}}) VALUES ({{insert_values}})

-- name: users_replace_hash
-- Compare and set, byte for byte.
UPDATE {{table}} SET {{password_hash}} = ?
WHERE {{id}} = ? AND BINARY {{password_hash}} = ?

-- name: users_signed_in
UPDATE {{table}} SET {{last_login}} = UTC_TIMESTAMP() WHERE {{id}} = ?

-- name: users_neighbour_hashes
-- A few stored hashes, to write new ones the way the table's other programs do.
SELECT {{password_hash}} FROM {{table}} WHERE {{password_hash}} <> '' ORDER BY {{id}} DESC LIMIT 5

-- name: users_unique_columns
-- The columns that alone have a unique index; an empty first parameter means this database.
SELECT min(column_name) FROM information_schema.statistics
WHERE table_schema = coalesce(nullif(?, ''), DATABASE()) AND table_name = ? AND non_unique = 0
GROUP BY index_name HAVING count(*) = 1

-- name: users_table_exists
SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?
