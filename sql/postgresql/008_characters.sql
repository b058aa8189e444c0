-- Characters that people chat with, and what each person has set for themselves.

-- A character belongs to whoever made it; without an owner it is the site's. Private ones are seen by
-- their owner only; shared ones by everybody who is signed in.
CREATE TABLE gatehouse_character (
	id uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
	owner_id varchar(255),
	name varchar(80) NOT NULL CHECK (name <> ''),
	category varchar(40) NOT NULL DEFAULT '',
	backstory text NOT NULL DEFAULT '' CHECK (length(backstory) <= 20000),
	greeting text NOT NULL DEFAULT '' CHECK (length(greeting) <= 8000),
	traits text[] NOT NULL DEFAULT '{}',
	directness smallint NOT NULL DEFAULT 5 CHECK (directness BETWEEN 0 AND 10),
	warmth smallint NOT NULL DEFAULT 5 CHECK (warmth BETWEEN 0 AND 10),
	formality smallint NOT NULL DEFAULT 5 CHECK (formality BETWEEN 0 AND 10),
	empathy smallint NOT NULL DEFAULT 5 CHECK (empathy BETWEEN 0 AND 10),
	humour smallint NOT NULL DEFAULT 5 CHECK (humour BETWEEN 0 AND 10),
	-- Empty: made from the fields above.
	system_prompt text NOT NULL DEFAULT '' CHECK (length(system_prompt) <= 20000),
	-- "protocol/NAME" or "knowledge"; empty: the site's own default.
	model varchar(200) NOT NULL DEFAULT '',
	-- Empty: the model's own.
	temperature numeric(3, 2) CHECK (temperature BETWEEN 0 AND 2),
	tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 10),
	is_shared boolean NOT NULL DEFAULT false,
	created_at timestamp with time zone NOT NULL DEFAULT now(),
	updated_at timestamp with time zone NOT NULL DEFAULT now(),
	CHECK (owner_id IS NOT NULL OR is_shared)
);
CREATE INDEX gatehouse_character_owner ON gatehouse_character (owner_id, updated_at DESC);
CREATE INDEX gatehouse_character_shared ON gatehouse_character (lower(name)) WHERE is_shared;
-- What the operator imports once more takes the place of what it was.
CREATE UNIQUE INDEX gatehouse_character_of_site ON gatehouse_character (name) WHERE owner_id IS NULL;

-- What a search looks in.
CREATE FUNCTION gatehouse_character_words(one gatehouse_character) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT lower(concat_ws(' ', one.name, one.category, one.backstory, one.greeting,
		array_to_string(one.traits, ' '), array_to_string(one.tags, ' ')))
$$;

-- Whether somebody sees a character.
CREATE FUNCTION gatehouse_character_seen(one gatehouse_character, person text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT one.is_shared OR one.owner_id IS NOT DISTINCT FROM person
$$;

-- Whether somebody may change it: what is shared is the administrators' business.
CREATE FUNCTION gatehouse_character_changeable(one gatehouse_character, person text, is_admin boolean)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN one.is_shared THEN is_admin ELSE one.owner_id IS NOT DISTINCT FROM person END
$$;

CREATE TABLE gatehouse_person_settings (
	user_id varchar(255) NOT NULL PRIMARY KEY,
	display_name varchar(80) NOT NULL DEFAULT '',
	theme varchar(10) NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark')),
	model varchar(200) NOT NULL DEFAULT '',
	character_id uuid REFERENCES gatehouse_character (id) ON DELETE SET NULL,
	enter_sends boolean NOT NULL DEFAULT true,
	answer_language varchar(35) NOT NULL DEFAULT '',
	updated_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE INDEX gatehouse_person_settings_character ON gatehouse_person_settings (character_id);

-- A person's own keys of model servers, sealed by the programs (crypto_seal). The hint is the key's
-- last four characters.
CREATE TABLE gatehouse_person_key (
	user_id varchar(255) NOT NULL,
	protocol varchar(20) NOT NULL CHECK (protocol IN ('openai', 'anthropic')),
	sealed text NOT NULL,
	hint varchar(4) NOT NULL,
	stored_at timestamp with time zone NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, protocol)
);
