-- What the chat knows without a model: articles, cut into passages for full text search, and the
-- words that lead to them. Articles come from `gatehousectl knowledge import`.

CREATE TABLE gatehouse_article (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	slug         text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
	title        text NOT NULL CHECK (title <> ''),
	body         text NOT NULL,                 -- Markdown, as it was written
	note         text NOT NULL DEFAULT '',      -- its last line when that is all in italics
	country      text NOT NULL DEFAULT '',      -- empty: true everywhere
	service      text NOT NULL DEFAULT '',      -- empty: belongs to no service
	tags         text[] NOT NULL DEFAULT '{}',
	-- A text search configuration by name: pg_upgrade refuses tables with regconfig columns.
	language     text NOT NULL DEFAULT 'english',
	content_hash text NOT NULL,                 -- of the imported file; equal means unchanged
	updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX gatehouse_article_place ON gatehouse_article (country, service);

CREATE TABLE gatehouse_passage (
	article_id bigint NOT NULL REFERENCES gatehouse_article (id) ON DELETE CASCADE,
	ordinal    integer NOT NULL,
	heading    text NOT NULL DEFAULT '',        -- empty before the first heading
	body       text NOT NULL,
	-- A: the passage's heading, B: the article's title, C: its tags, D: the passage's text.
	search     tsvector NOT NULL,
	PRIMARY KEY (article_id, ordinal)
);

CREATE INDEX gatehouse_passage_search ON gatehouse_passage USING gin (search);

-- Words of a question. `means` are further words to look for; `weight` is how much the word says
-- about the subject: 1 by default, less for words that every question has, 0 for none.
-- Both `lexeme` and `means` are lexemes of the configuration `language`.
CREATE TABLE gatehouse_knowledge_word (
	language text NOT NULL DEFAULT 'english',
	lexeme   text NOT NULL,
	means    text[] NOT NULL DEFAULT '{}',
	weight   real NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1),
	PRIMARY KEY (language, lexeme)
);

-- What people call a country, in lower case. `is_adjective`: "german" says less than "germany"
-- about where somebody wants to go. A country without articles is named too, so that a question
-- about it is answered honestly and not with another country's rules.
CREATE TABLE gatehouse_knowledge_place (
	name         text PRIMARY KEY CHECK (name = lower(name)),
	country      text NOT NULL,
	is_adjective boolean NOT NULL DEFAULT false
);

INSERT INTO gatehouse_knowledge_word (lexeme, weight)
SELECT DISTINCT ON (lexeme) lexeme, spoken.weight
FROM (VALUES
	(0, 'ah also am answer any anybody anyone anything ask be being best better briefly can cannot
		 cant could country dear detail do does doing dont else everything exactly explain find get
		 give go goes going got great happen have hear hello help hey hi hope info information
		 interested it just kindly know learn let like ll looking make many matter maybe me might
		 mind must my need now ok okay or our people please possible problem question
		 really say shall should show simple someone something still
		 sure suppose talk tell thank thanks the thing think topic understand us use ve
		 want way we what wonder would wish yes you'),
	(0.35, 'able allow amount check choose citizen current foreigner good happens important kind list live living long much new next
			normally person require required rule take time today type usual usually way')
) AS spoken (weight, words)
CROSS JOIN LATERAL regexp_split_to_table(spoken.words, '[[:space:]]+') AS said
CROSS JOIN LATERAL unnest(ts_lexize('english_stem', said)) AS lexeme
ORDER BY lexeme, spoken.weight;

-- Each word on the left is looked for as the words on the right as well.
INSERT INTO gatehouse_knowledge_word (lexeme, means)
SELECT word.lexeme, array_agg(DISTINCT other.lexeme)
FROM (VALUES
	('firm business corporation startup venture enterprise', 'company corporation incorporation'),
	('company', 'corporation llc gmbh'),
	('incorporate incorporation found founding founder form start open create establish launch begin set setup',
	 'register registration incorporation company set'),
	('register', 'registration registered'),
	('registration registering', 'register registered'),
	('freelance freelancer freelancing contractor gig', 'self-employed freelancer sole'),
	('self-employed self-employment', 'freelancer freelance self-employed sole'),
	('proprietor proprietorship', 'sole self-employed proprietorship proprietor'),
	('taxation taxable taxed taxman', 'tax'),
	('vat', 'gst'),
	('gst hst', 'vat'),
	('sale sales', 'vat gst'),
	('corporate', 'company corporation'),
	('personal', 'individual income'),
	('salary wage wages earnings', 'income salary'),
	('file submit lodge declare declaration', 'return filing lodge file'),
	('due late deadline when', 'deadline date late'),
	('threshold', 'limit'),
	('limit', 'threshold'),
	('percentage percent rate', 'rate percent'),
	('price fee fees expensive cheap much', 'cost fee'),
	('cost costs', 'fee'),
	('duration fast quick quickly soon wait waiting', 'long takes'),
	('paperwork papers evidence proof', 'document'),
	('requirement requirements condition eligible eligibility qualify criteria', 'condition need'),
	('procedure process', 'step apply'),
	('job employment employed employee employer', 'work job employment'),
	('work working', 'employment job'),
	('visa', 'permit pass'),
	('permit', 'visa pass'),
	('immigrate immigration emigrate migrate relocate relocation move moving', 'visa permanent'),
	('pr', 'permanent settlement'),
	('residency resident residence', 'residence permanent'),
	('settle settled', 'settlement permanent'),
	('forever indefinitely permanently', 'permanent'),
	('citizenship naturalisation naturalization passport nationality', 'citizenship naturalisation'),
	('wife husband partner married marry marriage', 'spouse partner family'),
	('girlfriend boyfriend fiance fiancee', 'partner fiancé'),
	('spouse', 'partner family'),
	('kid kids child son daughter baby', 'children child family'),
	('children', 'child family'),
	('mother father mom mum dad parent', 'parents family'),
	('relative relatives', 'family'),
	('family', 'spouse dependant'),
	('dependent dependant', 'family spouse'),
	('bring', 'family sponsor join'),
	('investor invest investment', 'investor'),
	('h1b', 'h-1b'),
	('ssn', 'security'),
	('reclaim recover', 'claim deduct credit'),
	('e-visa evisa', 'visa')
) AS spoken (words, others)
CROSS JOIN LATERAL regexp_split_to_table(spoken.words, '[[:space:]]+') AS said
CROSS JOIN LATERAL unnest(ts_lexize('english_stem', said)) AS word (lexeme)
CROSS JOIN LATERAL regexp_split_to_table(spoken.others, '[[:space:]]+') AS meant
CROSS JOIN LATERAL unnest(ts_lexize('english_stem', meant)) AS other (lexeme)
WHERE other.lexeme <> word.lexeme
GROUP BY word.lexeme
ON CONFLICT (language, lexeme) DO UPDATE SET means = excluded.means;

INSERT INTO gatehouse_knowledge_place (name, country, is_adjective)
SELECT DISTINCT ON (name) btrim(name), known.country, known.is_adjective
FROM (VALUES
	('Germany', false, 'germany,deutschland,federal republic of germany,berlin,munich,hamburg,frankfurt,cologne'),
	('Germany', true, 'german,germans'),
	('United Kingdom', false, 'united kingdom,the uk,uk,gb,britain,great britain,england,scotland,wales,northern ireland,london,manchester,edinburgh'),
	('United Kingdom', true, 'british,scottish,welsh'),
	('United States', false, 'united states,united states of america,usa,the states,america,new york,california,texas,florida,delaware,wyoming,san francisco'),
	('United States', true, 'american,americans'),
	('Canada', false, 'canada,toronto,ontario,vancouver,british columbia,quebec,montreal,alberta,calgary'),
	('Canada', true, 'canadian,canadians'),
	('Australia', false, 'australia,sydney,melbourne,brisbane,perth,queensland,victoria,new south wales'),
	('Australia', true, 'australian,australians,aussie'),
	('United Arab Emirates', false, 'united arab emirates,uae,emirates,the emirates,dubai,abu dhabi,sharjah,ajman,ras al khaimah'),
	('United Arab Emirates', true, 'emirati'),
	('Singapore', false, 'singapore'),
	('Singapore', true, 'singaporean,singaporeans'),
	('India', false, 'india,bharat,mumbai,delhi,new delhi,bangalore,bengaluru,chennai,hyderabad,pune,kolkata'),
	('India', true, 'indian,indians'),
	('Argentina', false, 'argentina'), ('Argentina', true, 'argentinian'),
	('Austria', false, 'austria,vienna'), ('Austria', true, 'austrian'),
	('Bangladesh', false, 'bangladesh'), ('Bangladesh', true, 'bangladeshi'),
	('Belgium', false, 'belgium,brussels'), ('Belgium', true, 'belgian'),
	('Brazil', false, 'brazil'), ('Brazil', true, 'brazilian'),
	('Bulgaria', false, 'bulgaria'), ('Bulgaria', true, 'bulgarian'),
	('Chile', false, 'chile'), ('Chile', true, 'chilean'),
	('China', false, 'china,beijing,shanghai'), ('China', true, 'chinese'),
	('Colombia', false, 'colombia'), ('Colombia', true, 'colombian'),
	('Croatia', false, 'croatia'), ('Croatia', true, 'croatian'),
	('Cyprus', false, 'cyprus'), ('Cyprus', true, 'cypriot'),
	('Czech Republic', false, 'czech republic,czechia,prague'), ('Czech Republic', true, 'czech'),
	('Denmark', false, 'denmark,copenhagen'), ('Denmark', true, 'danish'),
	('Egypt', false, 'egypt,cairo'), ('Egypt', true, 'egyptian'),
	('Estonia', false, 'estonia,tallinn'), ('Estonia', true, 'estonian'),
	('Finland', false, 'finland,helsinki'), ('Finland', true, 'finnish'),
	('France', false, 'france,paris'), ('France', true, 'french'),
	('Greece', false, 'greece,athens'), ('Greece', true, 'greek'),
	('Hong Kong', false, 'hong kong'),
	('Hungary', false, 'hungary,budapest'), ('Hungary', true, 'hungarian'),
	('Iceland', false, 'iceland'), ('Iceland', true, 'icelandic'),
	('Indonesia', false, 'indonesia,jakarta,bali'), ('Indonesia', true, 'indonesian'),
	('Iran', false, 'iran'), ('Iran', true, 'iranian'),
	('Ireland', false, 'ireland,dublin'), ('Ireland', true, 'irish'),
	('Israel', false, 'israel,tel aviv'), ('Israel', true, 'israeli'),
	('Italy', false, 'italy,rome,milan'), ('Italy', true, 'italian'),
	('Japan', false, 'japan,tokyo'), ('Japan', true, 'japanese'),
	('Kenya', false, 'kenya,nairobi'), ('Kenya', true, 'kenyan'),
	('Latvia', false, 'latvia'), ('Latvia', true, 'latvian'),
	('Lithuania', false, 'lithuania'), ('Lithuania', true, 'lithuanian'),
	('Luxembourg', false, 'luxembourg'),
	('Malaysia', false, 'malaysia,kuala lumpur'), ('Malaysia', true, 'malaysian'),
	('Malta', false, 'malta'), ('Malta', true, 'maltese'),
	('Mexico', false, 'mexico'), ('Mexico', true, 'mexican'),
	('Morocco', false, 'morocco'), ('Morocco', true, 'moroccan'),
	('Nepal', false, 'nepal'), ('Nepal', true, 'nepalese,nepali'),
	('Netherlands', false, 'netherlands,the netherlands,holland,amsterdam'), ('Netherlands', true, 'dutch'),
	('New Zealand', false, 'new zealand,auckland'),
	('Nigeria', false, 'nigeria,lagos'), ('Nigeria', true, 'nigerian'),
	('Norway', false, 'norway,oslo'), ('Norway', true, 'norwegian'),
	('Oman', false, 'oman'), ('Oman', true, 'omani'),
	('Pakistan', false, 'pakistan'), ('Pakistan', true, 'pakistani'),
	('Philippines', false, 'philippines,the philippines,manila'), ('Philippines', true, 'filipino,philippine'),
	('Poland', false, 'poland,warsaw'), ('Poland', true, 'polish'),
	('Portugal', false, 'portugal,lisbon'), ('Portugal', true, 'portuguese'),
	('Qatar', false, 'qatar,doha'), ('Qatar', true, 'qatari'),
	('Romania', false, 'romania,bucharest'), ('Romania', true, 'romanian'),
	('Russia', false, 'russia,moscow'), ('Russia', true, 'russian'),
	('Saudi Arabia', false, 'saudi arabia,saudi,riyadh'),
	('Serbia', false, 'serbia'), ('Serbia', true, 'serbian'),
	('Slovakia', false, 'slovakia'), ('Slovakia', true, 'slovak'),
	('Slovenia', false, 'slovenia'), ('Slovenia', true, 'slovenian'),
	('South Africa', false, 'south africa,cape town,johannesburg'), ('South Africa', true, 'south african'),
	('South Korea', false, 'south korea,korea,seoul'), ('South Korea', true, 'korean'),
	('Spain', false, 'spain,madrid,barcelona'), ('Spain', true, 'spanish'),
	('Sri Lanka', false, 'sri lanka'), ('Sri Lanka', true, 'sri lankan'),
	('Sweden', false, 'sweden,stockholm'), ('Sweden', true, 'swedish'),
	('Switzerland', false, 'switzerland,zurich,geneva'), ('Switzerland', true, 'swiss'),
	('Taiwan', false, 'taiwan'), ('Taiwan', true, 'taiwanese'),
	('Thailand', false, 'thailand,bangkok'), ('Thailand', true, 'thai'),
	('Turkey', false, 'turkey,türkiye,istanbul'), ('Turkey', true, 'turkish'),
	('Ukraine', false, 'ukraine,kyiv'), ('Ukraine', true, 'ukrainian'),
	('Vietnam', false, 'vietnam,hanoi'), ('Vietnam', true, 'vietnamese')
) AS known (country, is_adjective, names)
CROSS JOIN LATERAL unnest(string_to_array(known.names, ',')) AS name
ORDER BY name, known.is_adjective;
