-- name: character_load
-- A character that $2 sees: their own, or a shared one.
SELECT c.id, c.owner_id, c.name, c.category, c.backstory, c.greeting, array_to_string(c.traits, E'\n'),
	c.directness, c.warmth, c.formality, c.empathy, c.humour, c.system_prompt, c.model,
	c.temperature, array_to_string(c.tags, E'\n'), c.is_shared,
	extract(epoch FROM c.created_at)::bigint, extract(epoch FROM c.updated_at)::bigint
FROM gatehouse_character c WHERE c.id = $1::uuid AND gatehouse_character_seen(c, $2)

-- name: character_list
-- Those that $1 sees and whose words hold $2, of category $3 and with tag $4 where these are not
-- empty; $5: all, mine, shared, or "change" for those one may change ($6: as an administrator). Of
-- long texts only the beginning. The last column counts all of them.
SELECT c.id, c.owner_id, c.name, c.category, left(c.backstory, 400), left(c.greeting, 400),
	array_to_string(c.traits, E'\n'), c.directness, c.warmth, c.formality, c.empathy, c.humour,
	'', c.model, c.temperature, array_to_string(c.tags, E'\n'), c.is_shared,
	extract(epoch FROM c.created_at)::bigint, extract(epoch FROM c.updated_at)::bigint,
	count(*) OVER ()
FROM gatehouse_character c
WHERE gatehouse_character_seen(c, $1)
	AND ($2 = '' OR position(lower($2) IN gatehouse_character_words(c)) > 0)
	AND ($3 = '' OR lower(c.category) = lower($3))
	AND ($4 = '' OR $4 = ANY (c.tags))
	AND CASE $5 WHEN 'mine' THEN c.owner_id IS NOT DISTINCT FROM $1
		WHEN 'shared' THEN c.is_shared
		WHEN 'change' THEN gatehouse_character_changeable(c, $1, $6::boolean)
		ELSE true END
ORDER BY lower(c.name), c.id LIMIT $7::int OFFSET $8::int

-- name: character_create
-- Under the id $14; nothing_there when the owner has $13 of them already.
WITH made AS (
INSERT INTO gatehouse_character (id, owner_id, name, category, backstory, greeting, traits, directness,
	warmth, formality, empathy, humour, system_prompt, model, temperature, tags, is_shared,
	created_at, updated_at)
SELECT $14::uuid, $1::text, $2, $3, $4, $5, string_to_array($6, E'\n'), styles[1], styles[2],
	styles[3], styles[4], styles[5], $8, $9, $10::numeric, string_to_array($11, E'\n'), $12::boolean,
	gatehouse_now(), gatehouse_now()
FROM (SELECT string_to_array($7, ',')::smallint[] AS styles) given
WHERE (SELECT count(*) FROM gatehouse_character WHERE owner_id = $1::text) < $13::int
RETURNING id::text
)
SELECT coalesce((SELECT id FROM made), gatehouse_nothing_there())

-- name: character_update
-- Everything about a character that the person ($13, administrator: $14) may change.
WITH changed AS (
UPDATE gatehouse_character c SET name = $2, category = $3, backstory = $4, greeting = $5,
	traits = string_to_array($6, E'\n'), directness = given.styles[1], warmth = given.styles[2],
	formality = given.styles[3], empathy = given.styles[4], humour = given.styles[5],
	system_prompt = $8, model = $9, temperature = $10::numeric,
	tags = string_to_array($11, E'\n'), is_shared = $12::boolean, updated_at = gatehouse_now()
FROM (SELECT string_to_array($7, ',')::smallint[] AS styles) given
WHERE c.id = $1::uuid AND gatehouse_character_seen(c, $13)
	AND gatehouse_character_changeable(c, $13, $14::boolean)
RETURNING c.id::text AS id
)
SELECT coalesce((SELECT id FROM changed), gatehouse_nothing_there())

-- name: character_delete
WITH gone AS (
	DELETE FROM gatehouse_character c
	WHERE c.id = $1::uuid AND gatehouse_character_seen(c, $2)
		AND gatehouse_character_changeable(c, $2, $3::boolean)
	RETURNING c.id::text AS id
)
SELECT coalesce((SELECT id FROM gone), gatehouse_nothing_there())

-- name: character_import
-- One of the site's own, under its name: a row that says whether it is new, none when it was like
-- this already. What is stored is noted.
WITH stored AS (
	INSERT INTO gatehouse_character AS c (name, category, backstory, greeting, traits, directness, warmth,
		formality, empathy, humour, system_prompt, model, temperature, tags, is_shared, created_at,
		updated_at)
	SELECT $1, $2, $3, $4, string_to_array($5, E'\n'), styles[1], styles[2], styles[3], styles[4],
		styles[5], $7, $8, $9::numeric, string_to_array($10, E'\n'), true, gatehouse_now(),
		gatehouse_now()
	FROM (SELECT string_to_array($6, ',')::smallint[] AS styles) given
	ON CONFLICT (name) WHERE owner_id IS NULL DO UPDATE SET category = excluded.category,
		backstory = excluded.backstory, greeting = excluded.greeting, traits = excluded.traits,
		directness = excluded.directness, warmth = excluded.warmth, formality = excluded.formality,
		empathy = excluded.empathy, humour = excluded.humour,
		system_prompt = excluded.system_prompt, model = excluded.model,
		temperature = excluded.temperature, tags = excluded.tags, updated_at = excluded.updated_at
	WHERE (c.category, c.backstory, c.greeting, c.traits, c.directness, c.warmth, c.formality, c.empathy,
		c.humour, c.system_prompt, c.model, c.temperature, c.tags)
		IS DISTINCT FROM (excluded.category, excluded.backstory, excluded.greeting, excluded.traits,
		excluded.directness, excluded.warmth, excluded.formality, excluded.empathy, excluded.humour,
		excluded.system_prompt, excluded.model, excluded.temperature, excluded.tags)
	RETURNING id, name, xmax = 0 AS is_new
), noted AS (
	INSERT INTO gatehouse_audit (event, reason, actor, detail)
	SELECT 'character_changed', 'imported', 'operator', jsonb_build_object('character', id, 'name', name)
	FROM stored
)
SELECT is_new FROM stored

-- name: character_categories
-- The categories of what $1 sees, with how many are in each.
SELECT min(c.category), count(*) FROM gatehouse_character c
WHERE gatehouse_character_seen(c, $1) AND c.category <> ''
GROUP BY lower(c.category) ORDER BY lower(c.category) LIMIT $2::int

-- name: character_tags
-- The tags of what $1 sees, the most used first.
SELECT tag, count(*) FROM gatehouse_character c, unnest(c.tags) AS tag
WHERE gatehouse_character_seen(c, $1)
GROUP BY tag ORDER BY count(*) DESC, tag LIMIT $2::int
