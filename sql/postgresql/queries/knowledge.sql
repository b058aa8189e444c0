-- name: knowledge_search
-- The passages that answer a question, related articles, and what the question was taken for. Rows
-- by kind: one "question" (title: the countries it names, score: how many words were looked for,
-- is_elsewhere: whether articles about other countries answer it as well), then "passage" rows, best
-- first, only if the best article covers enough of the question, then "topic" rows: further
-- articles worth offering.
-- A word found in few articles says more than one found in many. Countries are recognised by name
-- and are not words to look for: a country that is named excludes the others, the conversation's
-- own country and service only weigh. An article without a country holds for all of them.
-- Words that no article has are put right first where they are nearly one that is known; then the
-- "question" row has the text that was looked up as its body. $4: only articles with one of these
-- tags, with commas between; empty for all. $5: how many passages at most.
-- Weights and thresholds were tuned on tests/data/knowledge_questions.json.
WITH corrected AS MATERIALIZED (
	SELECT gatehouse_knowledge_corrected(left($1::text, 1000)) AS text
), sentence AS MATERIALIZED (
	SELECT regexp_replace(regexp_replace(regexp_replace(translate(text,
			'/' || chr(92), ' '),
			'(?<=[[:<:]][[:alpha:]])[.]', '', 'g'),
			'[[:<:]]US[[:>:]]', 'USA', 'g'),
			'[[:<:]]us(?= (visa|tax|sales|income|federal|corporat|compan|llc|business|work|green|immigra|permanent|citizen|national))|(?<=[[:<:]](the|in) )us[[:>:]]',
			'USA', 'gi') AS text
	FROM corrected
), words AS MATERIALIZED (
	SELECT ' ' || btrim(regexp_replace(lower(text), '[^[:alnum:]]+', ' ', 'g')) || ' ' AS text
	FROM sentence
), seen AS MATERIALIZED (
	SELECT name, country, is_adjective FROM gatehouse_knowledge_place, words
	WHERE strpos(words.text, ' ' || name || ' ') > 0
	UNION
	SELECT lower(country), country, false FROM gatehouse_article, words
	WHERE country <> '' AND strpos(words.text, ' ' || lower(country) || ' ') > 0
), named AS MATERIALIZED (
	SELECT name, country, CASE
		WHEN EXISTS (SELECT FROM unnest('{citizen,citizens,national,nationals,passport,person,people,expat,expats,degree}'::text[]) AS after
				WHERE strpos(words.text, ' ' || name || ' ' || after || ' ') > 0)
			OR EXISTS (SELECT FROM unnest('{from,from the,leave,leaving,left}'::text[]) AS before
				WHERE strpos(words.text, ' ' || before || ' ' || name || ' ') > 0)
		THEN 1
		WHEN is_adjective
			OR EXISTS (SELECT FROM unnest('{live in,living in,based in,am in,live in the,living in the,based in the,am in the}'::text[]) AS before
				WHERE strpos(words.text, ' ' || before || ' ' || name || ' ') > 0)
		THEN 2
		ELSE 3 END AS strength
	FROM seen, words
	WHERE NOT EXISTS (SELECT FROM seen AS longer
		WHERE longer.name <> seen.name AND strpos(longer.name, seen.name) > 0)
), places AS MATERIALIZED (
	SELECT DISTINCT country FROM named
	WHERE strength > 1 AND strength = (SELECT max(strength) FROM named)
), languages AS MATERIALIZED (
	SELECT DISTINCT language, (SELECT count(*) FROM gatehouse_article) AS articles
	FROM gatehouse_article
), lexemes AS MATERIALIZED (
	SELECT language, articles, lexeme
	FROM languages, sentence,
		unnest(tsvector_to_array(to_tsvector(language::regconfig, text))) AS lexeme
	WHERE length(lexeme) > 1 AND NOT EXISTS (SELECT FROM named
		WHERE lexeme = ANY (tsvector_to_array(to_tsvector(language::regconfig, name))))
), terms AS MATERIALIZED (
	SELECT language, articles, lexeme AS term, coalesce(weight, 1) AS weight, means
	FROM lexemes LEFT JOIN gatehouse_knowledge_word USING (language, lexeme)
	WHERE coalesce(weight, 1) > 0 AND NOT EXISTS (SELECT FROM lexemes AS compound
		WHERE compound.language = lexemes.language AND strpos(compound.lexeme, '-') > 0
			AND compound.lexeme <> lexemes.lexeme
			AND lexemes.lexeme = ANY (string_to_array(compound.lexeme, '-')))
), alternatives AS MATERIALIZED (
	SELECT language, term, quote_literal(term)::tsquery AS query, 1.0 AS closeness FROM terms
	UNION ALL
	SELECT language, term, quote_literal(meant)::tsquery, 0.7 FROM terms, unnest(means) AS meant
), hits AS MATERIALIZED (
	SELECT article_id, ordinal, alternatives.language, term,
		max(closeness * ts_rank('{0.2,1,0.7,0.9}', search, query)) AS strength
	FROM alternatives
	JOIN gatehouse_passage ON search @@ query
	JOIN gatehouse_article ON id = article_id
		AND gatehouse_article.language = alternatives.language
	GROUP BY article_id, ordinal, alternatives.language, term
), weighed AS MATERIALIZED (
	SELECT language, term, weight, weight * CASE
		WHEN count(DISTINCT article_id) = 0 AND term ~ '^[0-9]' THEN 0.3
		WHEN count(DISTINCT article_id) = 0 THEN 2.4
		ELSE ln(1 + articles / count(DISTINCT article_id)::float) END AS worth
	FROM terms LEFT JOIN hits USING (language, term)
	GROUP BY language, articles, term, weight
), passages AS MATERIALIZED (
	SELECT article_id, ordinal, sum(worth * strength) AS score
	FROM hits JOIN weighed USING (language, term)
	JOIN (SELECT id AS article_id, country FROM gatehouse_article
		WHERE gatehouse_is_tagged(tags, $4::text)) AS article USING (article_id)
	WHERE country = '' OR NOT EXISTS (SELECT FROM places)
		OR country IN (SELECT country FROM places)
	GROUP BY article_id, ordinal
), covered AS MATERIALIZED (
	SELECT article_id, max(weight) AS weight, sum(worth * CASE WHEN strength < 0.2 THEN 0.7 ELSE 1 END)
		/ (SELECT sum(worth) FROM weighed AS whole WHERE whole.language = hit.language) AS coverage
	FROM (SELECT article_id, language, term, max(strength) AS strength
		FROM hits GROUP BY article_id, language, term) AS hit
	JOIN weighed USING (language, term)
	GROUP BY article_id, language
), home AS MATERIALIZED (
	SELECT country FROM places
	UNION ALL
	SELECT $2::text WHERE $2::text <> '' AND NOT EXISTS (SELECT FROM places)
), ranked AS MATERIALIZED (
	SELECT article_id, country, service, is_home,
		weight = 1 AND coverage >= CASE WHEN is_home THEN 0.4 ELSE 0.5 END AS is_answer,
		score * coverage * CASE WHEN is_home THEN 3 ELSE 1 END
			* CASE WHEN service = $3::text THEN 1.2 ELSE 1 END AS score
	FROM (SELECT article_id, max(score) AS score FROM passages GROUP BY article_id) AS scored
	JOIN covered USING (article_id)
	JOIN (SELECT id AS article_id, country, service,
			country = '' OR country IN (SELECT country FROM home) AS is_home
		FROM gatehouse_article) AS article
		USING (article_id)
), best AS MATERIALIZED (
	SELECT * FROM ranked WHERE is_answer ORDER BY is_home DESC, score DESC, article_id LIMIT 1
), quoted AS MATERIALIZED (
	SELECT article_id, ordinal, article_score, passage_score
	FROM (SELECT ranked.article_id, ordinal, ranked.score AS article_score,
			passages.score AS passage_score, row_number() OVER (PARTITION BY ranked.article_id
				ORDER BY passages.score DESC, ordinal) AS place
		FROM passages JOIN ranked ON ranked.article_id = passages.article_id
		JOIN best ON ranked.country IN (best.country, '')
		WHERE ranked.is_answer AND ranked.score >= best.score / 2) AS candidate
	WHERE place <= CASE WHEN $5::integer > 3 THEN 3 ELSE 2 END
	ORDER BY article_score DESC, article_id, place LIMIT $5::integer
)
SELECT 1 AS section, 'question' AS kind, '' AS slug,
	coalesce((SELECT string_agg(country, ', ' ORDER BY country) FROM places), '') AS title,
	'' AS country, '' AS service, '' AS heading,
	(SELECT CASE WHEN text <> left($1::text, 1000) THEN text ELSE '' END FROM corrected) AS body,
	'' AS note, (SELECT count(*) FROM terms)::float AS score,
	EXISTS (SELECT FROM ranked JOIN best ON ranked.country NOT IN (best.country, '')
		WHERE ranked.is_answer) AS is_elsewhere
UNION ALL
SELECT 2, 'passage', slug, title, country, service, heading, passage.body, note,
	article_score + passage_score / 1000, false
FROM quoted JOIN gatehouse_passage AS passage USING (article_id, ordinal)
JOIN gatehouse_article AS article ON id = article_id
UNION ALL
SELECT 3, 'topic', slug, title, country, service, '', '', '', score, false FROM (
	SELECT slug, title, article.country, article.service, (row_number() OVER (ORDER BY
		coalesce(article.country = home.country, false) DESC,
		coalesce(ranked.score, 0) DESC,
		coalesce(article.service = home.service, false) DESC, slug))::float * -1 AS score
	FROM gatehouse_article AS article
	CROSS JOIN (SELECT max(country) AS country,
			coalesce((SELECT service FROM best), nullif($3::text, '')) AS service FROM home) AS home
	LEFT JOIN best ON true
	LEFT JOIN ranked ON ranked.article_id = id
	WHERE id NOT IN (SELECT article_id FROM quoted) AND gatehouse_is_tagged(tags, $4::text) AND CASE
		WHEN best.article_id IS NULL THEN ranked.score > 0 OR article.country = home.country
		ELSE (ranked.is_answer AND ranked.score >= best.score / 4)
			OR (article.country = best.country AND article.service = best.service)
		END
	ORDER BY score DESC LIMIT 5
) AS further
ORDER BY section, score DESC

-- name: knowledge_store
-- Insert or update an article and its passages. $11 says who stores: "import" (a file; leaves an
-- article alone that was edited here since), "overwrite" (a file, whatever was edited), "create" and
-- "edit" (a page; $12: who, $13: the hash of what was edited, so that nobody's change is lost). Says
-- "created", "updated", "unchanged", or "edited": here, and the file is another. A page that creates
-- what is there already, or edits what has changed or gone, gets a unique_violation. A slash in
-- "GST/HST" would make one word of it, the path of a file, so it is indexed as a space.
WITH article AS (
	INSERT INTO gatehouse_article AS existing (slug, title, body, note, country, service, tags,
		language, content_hash, updated_at, source_hash, edited_at, edited_by)
	SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text,
		ARRAY(SELECT jsonb_array_elements_text($7::jsonb)), $8::text, $9::text, gatehouse_now(),
		CASE WHEN $11::text IN ('create', 'edit') THEN '' ELSE $9::text END,
		CASE WHEN $11::text IN ('create', 'edit') THEN gatehouse_now() END, $12::text
	WHERE $11::text <> 'edit' OR EXISTS (SELECT FROM gatehouse_article WHERE slug = $1::text)
	ON CONFLICT (slug) DO UPDATE SET title = excluded.title, body = excluded.body,
		note = excluded.note, country = excluded.country, service = excluded.service,
		tags = excluded.tags, language = excluded.language,
		content_hash = excluded.content_hash, updated_at = excluded.updated_at,
		source_hash = CASE WHEN $11::text = 'edit' THEN existing.source_hash
			ELSE excluded.source_hash END,
		edited_at = excluded.edited_at, edited_by = excluded.edited_by
	WHERE existing.content_hash <> excluded.content_hash AND CASE $11::text
		WHEN 'import' THEN existing.edited_at IS NULL
		WHEN 'overwrite' THEN true
		WHEN 'edit' THEN existing.content_hash = $13::text
		ELSE false END
	RETURNING id, slug, language, translate(title, '/', ' ') AS title,
		translate(array_to_string(tags, ', ') || ', ' || service, '/', ' ') AS tags, xmax = 0 AS is_new
), caught_up AS (
	UPDATE gatehouse_article SET edited_at = NULL, edited_by = '', source_hash = content_hash
	WHERE slug = $1::text AND content_hash = $9::text AND edited_at IS NOT NULL
		AND $11::text IN ('import', 'overwrite')
), given AS (
	SELECT (ordinality - 1)::integer AS ordinal, passage->>'heading' AS heading,
		passage->>'body' AS body
	FROM jsonb_array_elements($10::jsonb) WITH ORDINALITY AS list (passage, ordinality)
), written AS (
	INSERT INTO gatehouse_passage (article_id, ordinal, heading, body, search)
	SELECT id, ordinal, heading, body,
		setweight(to_tsvector(language::regconfig, translate(heading, '/', ' ')), 'A')
		|| setweight(to_tsvector(language::regconfig, title), 'B')
		|| setweight(to_tsvector(language::regconfig, tags), 'C')
		|| setweight(to_tsvector(language::regconfig, translate(body, '/', ' ')), 'D')
	FROM article, given
	ON CONFLICT (article_id, ordinal) DO UPDATE SET heading = excluded.heading,
		body = excluded.body, search = excluded.search
), dropped AS (
	DELETE FROM gatehouse_passage USING article
	WHERE article_id = id AND ordinal >= (SELECT count(*) FROM given)
), spelt AS (
	INSERT INTO gatehouse_knowledge_spelling AS known (language, word, lexeme, is_subject)
	SELECT language, word, min(lexeme), bool_or(is_subject) FROM article
	CROSS JOIN LATERAL (
		SELECT *, true AS is_subject FROM gatehouse_knowledge_words(language,
			concat_ws(' ', title, tags, (SELECT string_agg(heading, ' ') FROM given)))
		UNION ALL
		SELECT *, false FROM gatehouse_knowledge_words(language,
			(SELECT string_agg(body, ' ') FROM given))) AS found
	GROUP BY language, word
	ON CONFLICT (word, language) DO UPDATE SET is_subject = true
	WHERE excluded.is_subject AND NOT known.is_subject
)
SELECT coalesce((SELECT CASE WHEN is_new THEN 'created' ELSE 'updated' END FROM article),
	(SELECT 'unchanged' FROM gatehouse_article
		WHERE slug = $1::text AND content_hash = $9::text AND $11::text <> 'create'),
	CASE WHEN $11::text IN ('create', 'edit') THEN gatehouse_knowledge_refuse('another one')
		ELSE 'edited' END)

-- name: knowledge_compare
-- What knowledge_store would say of this slug and hash; $3: as there.
SELECT coalesce((SELECT CASE WHEN content_hash = $2::text THEN 'unchanged'
	WHEN edited_at IS NULL OR $3::text = 'overwrite' THEN 'updated'
	ELSE 'edited' END FROM gatehouse_article WHERE slug = $1::text), 'created')

-- name: knowledge_remove
-- Remove an article; $2: only while it has this hash (empty: in any case). A unique_violation when
-- it is gone or another one.
WITH gone AS (
	DELETE FROM gatehouse_article WHERE slug = $1::text AND $2::text IN ('', content_hash)
	RETURNING title
)
SELECT coalesce((SELECT title FROM gone), gatehouse_knowledge_refuse('gone'))

-- name: knowledge_clean_spelling
-- Forget words that no article has any more.
DELETE FROM gatehouse_knowledge_spelling AS spelling WHERE NOT EXISTS (
	SELECT FROM gatehouse_passage JOIN gatehouse_article AS article ON id = article_id
	WHERE article.language = spelling.language AND search @@ quote_literal(lexeme)::tsquery)

-- name: knowledge_article
-- One article for its page.
SELECT slug, title, body, country, service, array_to_string(tags, ', '), language,
	extract(epoch FROM updated_at)::bigint, content_hash, edited_at IS NOT NULL, edited_by
FROM gatehouse_article WHERE slug = $1::text

-- name: knowledge_list
-- Articles by title, for lists; what is empty does not matter. $1: words in slug, title or tags,
-- $2 country, $3 service, $4 language, $5 "edited": only those edited here; $6 how many, $7 how many
-- to skip. Each row has the number of all that fit.
SELECT slug, title, country, service, language, edited_at IS NOT NULL AS is_edited, source_hash = '' AS is_own,
	extract(epoch FROM gatehouse_now() - updated_at)::bigint, edited_by, count(*) OVER ()
FROM gatehouse_article
WHERE ($1::text = '' OR strpos(lower(concat_ws(' ', slug, title, array_to_string(tags, ' '))),
		lower($1::text)) > 0)
	AND $2::text IN ('', country) AND $3::text IN ('', service) AND $4::text IN ('', language)
	AND ($5::text = '' OR edited_at IS NOT NULL)
ORDER BY lower(title), slug LIMIT $6::bigint OFFSET $7::bigint

-- name: knowledge_languages
-- The languages this PostgreSQL can search in.
SELECT cfgname FROM pg_ts_config WHERE pg_ts_config_is_visible(oid) ORDER BY cfgname

-- name: knowledge_has_trigrams
-- Whether typing mistakes can be put right: pg_trgm is there.
SELECT to_regprocedure('similarity(text,text)') IS NOT NULL

-- name: knowledge_topics
-- Articles of a country and a service to begin with; either may be NULL, which means any. $4: as of
-- knowledge_search. The order mixes countries and services, so that a short list shows the breadth.
SELECT slug, title, country, service FROM gatehouse_article
WHERE ($1::text IS NULL OR country IN ($1::text, '')) AND ($2::text IS NULL OR service IN ($2::text, ''))
	AND gatehouse_is_tagged(tags, $4::text)
ORDER BY row_number() OVER (PARTITION BY country ORDER BY md5(slug)), md5(country)
LIMIT $3::integer

-- name: knowledge_tags_unused
-- Those of the tags in $1, with commas between, that no article has.
SELECT tag FROM unnest(string_to_array($1::text, ',')) AS tag
WHERE NOT EXISTS (SELECT FROM gatehouse_article WHERE gatehouse_is_tagged(tags, tag))

-- name: knowledge_subjects
-- The countries and the services there are articles about; $1: as $4 of knowledge_search.
SELECT 'country', country FROM gatehouse_article
WHERE country <> '' AND gatehouse_is_tagged(tags, $1::text) GROUP BY country
UNION ALL
SELECT 'service', service FROM gatehouse_article
WHERE service <> '' AND gatehouse_is_tagged(tags, $1::text) GROUP BY service
ORDER BY 1, 2
