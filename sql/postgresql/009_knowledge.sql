-- Knowledge: articles that are edited here, and questions with typing mistakes.

-- An article that was written or edited in the pages: by whom, when, and which file it came from
-- before. An import leaves it alone unless it is told otherwise.
ALTER TABLE gatehouse_article
	ADD COLUMN source_hash text NOT NULL DEFAULT '',   -- of the file; empty: never came from one
	ADD COLUMN edited_at   timestamptz,                -- since that file; NULL: as it was imported
	ADD COLUMN edited_by   text NOT NULL DEFAULT '';
UPDATE gatehouse_article SET source_hash = content_hash;

-- What a page could not do, so that nothing else of its transaction happens either.
CREATE FUNCTION gatehouse_knowledge_refuse(what text)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RAISE unique_violation USING MESSAGE = format('the article is %s', what);
END
$$;

-- The words of the articles as they are written, for mistakes to be compared with. Words that no
-- article has any more may stay until they are cleaned away: they only suggest what finds nothing.
CREATE TABLE gatehouse_knowledge_spelling (
	language text NOT NULL,
	word     text NOT NULL,
	lexeme   text NOT NULL,
	-- In a title, a heading or tags: only these are suggested. Running text has too many words that
	-- are near others ("rest", "file") and say nothing about the matter.
	is_subject boolean NOT NULL,
	PRIMARY KEY (word, language)
);
CREATE INDEX gatehouse_knowledge_spelling_lexeme ON gatehouse_knowledge_spelling (lexeme);
CREATE INDEX gatehouse_knowledge_spelling_begin ON gatehouse_knowledge_spelling
	(substr(word, 1, 1), length(word)) WHERE is_subject;

-- The words in this text that can be misspelt, with their lexemes.
CREATE FUNCTION gatehouse_knowledge_words(language text, written text)
RETURNS TABLE (word text, lexeme text) LANGUAGE sql STABLE AS $$
	SELECT given, (tsvector_to_array(to_tsvector(language::regconfig, given)))[1]
	FROM (SELECT DISTINCT given FROM regexp_split_to_table(lower(written), '[^[:alpha:]]+') AS given
		WHERE length(given) BETWEEN 5 AND 30) AS words
	WHERE to_tsvector(language::regconfig, given) <> ''
$$;

INSERT INTO gatehouse_knowledge_spelling (language, word, lexeme, is_subject)
SELECT language, word, lexeme, bool_or(is_subject)
FROM gatehouse_article JOIN gatehouse_passage AS passage ON article_id = id
CROSS JOIN LATERAL (
	SELECT *, true AS is_subject FROM gatehouse_knowledge_words(language,
		concat_ws(' ', title, array_to_string(tags, ' '), service, heading))
	UNION ALL
	SELECT *, false FROM gatehouse_knowledge_words(language, passage.body)) AS found
GROUP BY language, word, lexeme;

-- How many letters must be put in, left out, changed or swapped with their neighbour to make one
-- word of the other (optimal string alignment); `at_most` + 1 when it is more.
CREATE FUNCTION gatehouse_edit_distance(one text, other text, at_most integer)
RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	a text[] := string_to_array(one, NULL);
	b text[] := string_to_array(other, NULL);
	before integer[];
	last integer[];
	now integer[];
	cost integer;
BEGIN
	IF abs(cardinality(a) - cardinality(b)) > at_most THEN
		RETURN at_most + 1;
	END IF;
	SELECT array_agg(n ORDER BY n) INTO last FROM generate_series(0, cardinality(b)) AS n;
	FOR i IN 1..cardinality(a) LOOP
		now := ARRAY[i];
		FOR j IN 1..cardinality(b) LOOP
			cost := least(last[j + 1] + 1, now[j] + 1, last[j] + (a[i] <> b[j])::integer);
			IF i > 1 AND j > 1 AND a[i] = b[j - 1] AND a[i - 1] = b[j] THEN
				cost := least(cost, before[j - 1] + 1);
			END IF;
			now[j + 1] := cost;
		END LOOP;
		IF (SELECT min(n) FROM unnest(now) AS n) > at_most THEN
			RETURN at_most + 1;
		END IF;
		before := last;
		last := now;
	END LOOP;
	RETURN last[cardinality(b) + 1];
END
$$;

-- The known word that this one was probably meant to be; NULL: none is near. Both begin with the same
-- letter, and a long word shares a third of its trigrams. Without pg_trgm nothing is corrected.
CREATE FUNCTION gatehouse_knowledge_correction(wanted text)
RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
	at_most integer := CASE WHEN length(wanted) < 8 THEN 1 ELSE 2 END;
	found text;
BEGIN
	IF to_regprocedure('similarity(text,text)') IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT word INTO found
	FROM (
		SELECT word FROM gatehouse_knowledge_spelling
		WHERE is_subject AND substr(word, 1, 1) = substr(wanted, 1, 1)
			AND length(word) BETWEEN length(wanted) - at_most AND length(wanted) + at_most
			AND (at_most = 1 OR word % wanted)
		UNION
		SELECT name FROM gatehouse_knowledge_place
		WHERE substr(name, 1, 1) = substr(wanted, 1, 1) AND strpos(name, ' ') = 0
			AND length(name) BETWEEN length(wanted) - 1 AND length(wanted) + 1
	) AS candidates
	CROSS JOIN LATERAL gatehouse_edit_distance(wanted, word, at_most) AS distance
	WHERE distance <= at_most
	ORDER BY distance, similarity(word, wanted) DESC, word LIMIT 1;
	RETURN found;
END
$$;

-- The question with the words that no article has, and that mean nothing else, put right. Short words
-- stay: too many of them are near each other.
CREATE FUNCTION gatehouse_knowledge_corrected(question text)
RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
	unknown text;
	better text;
BEGIN
	FOR unknown IN
		SELECT given FROM (SELECT DISTINCT given
			FROM regexp_split_to_table(lower(question), '[^[:alpha:]]+') AS given
			WHERE length(given) BETWEEN 5 AND 30
				AND NOT EXISTS (SELECT FROM gatehouse_knowledge_spelling WHERE word = given)) AS words
		-- Not another form of a word that is known, one that says nothing, or part of a name.
		WHERE NOT EXISTS (SELECT FROM (SELECT DISTINCT language FROM gatehouse_article) AS spoken
				CROSS JOIN LATERAL to_tsvector(language::regconfig, given) AS form
				WHERE form = '' OR EXISTS (SELECT FROM unnest(tsvector_to_array(form)) AS part
					WHERE EXISTS (SELECT FROM gatehouse_knowledge_spelling WHERE lexeme = part)
						OR EXISTS (SELECT FROM gatehouse_knowledge_word AS word
							WHERE word.lexeme = part AND word.language = spoken.language)))
			AND NOT EXISTS (SELECT FROM gatehouse_knowledge_place
				WHERE strpos(' ' || name || ' ', ' ' || given || ' ') > 0)
		LIMIT 40
	LOOP
		better := gatehouse_knowledge_correction(unknown);
		IF better IS NOT NULL THEN
			question := regexp_replace(question, '[[:<:]]' || unknown || '[[:>:]]', better, 'gi');
		END IF;
	END LOOP;
	RETURN question;
END
$$;

-- pg_trgm is trusted: the owner of the database may make it. Where that is forbidden, or it is not
-- installed, the search goes on without, and `gatehousectl check` says so.
DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
	CREATE INDEX gatehouse_knowledge_spelling_trigrams ON gatehouse_knowledge_spelling
		USING gin (word gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
	RAISE NOTICE 'pg_trgm cannot be made here (%): questions with typing mistakes find less', SQLERRM;
END
$$;

-- Whether an article has one of the tags that are wanted, whatever the case of their letters; with commas
-- between. Empty: all have.
CREATE FUNCTION gatehouse_is_tagged(tags text[], wanted text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT wanted = '' OR lower(tags::text)::text[] && string_to_array(lower(wanted), ',')
$$;
