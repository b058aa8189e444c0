-- name: health
SELECT 1

-- name: migrations_done
SELECT name FROM gatehouse_migration ORDER BY name
