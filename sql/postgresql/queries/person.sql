-- name: group_add
-- Nothing when the person is in it already.
INSERT INTO gatehouse_member (user_id, group_name) VALUES ($1, $2) ON CONFLICT DO NOTHING
RETURNING 1

-- name: group_remove
DELETE FROM gatehouse_member WHERE user_id = $1 AND group_name = $2 RETURNING 1

-- name: group_list
-- Who is in which group; $1: one group, or all.
SELECT group_name, user_id, to_char(added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
FROM gatehouse_member WHERE $1::text IS NULL OR group_name = $1
ORDER BY group_name, user_id

-- name: policy_set
-- The limits that a person has instead of their kind's.
INSERT INTO gatehouse_policy (user_id, kind, limits) VALUES ($1, $2, $3)
ON CONFLICT (user_id, kind) DO UPDATE SET limits = excluded.limits, changed_at = gatehouse_now()

-- name: policy_clear
DELETE FROM gatehouse_policy WHERE user_id = $1 AND ($2::text IS NULL OR kind = $2) RETURNING 1

-- name: policy_list
SELECT user_id, kind, limits, to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
FROM gatehouse_policy WHERE $1::text IS NULL OR user_id = $1
ORDER BY user_id, kind
