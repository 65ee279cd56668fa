CREATE TABLE public.orders (
	id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10) PRIMARY KEY,
	"Customer" int4 NOT NULL CONSTRAINT fk_c REFERENCES crm.customers (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	total numeric(12,2) DEFAULT 0.00 NOT NULL CHECK (total >= 0),
	note varchar(20) COLLATE "C" DEFAULT 'a, b' NULL,
	tags text[] DEFAULT '{}'::text[],
	at timestamptz(3) DEFAULT now(),
	token uuid DEFAULT gen_random_uuid() UNIQUE,
	low text GENERATED ALWAYS AS (lower(note)) STORED,
	s serial,
	CONSTRAINT positive CHECK (total > 0 AND id < 5) NO INHERIT,
	UNIQUE (note, total) INCLUDE (at),
	FOREIGN KEY (id, s) REFERENCES other (a, b) MATCH FULL ON UPDATE SET NULL,
	EXCLUDE USING gist (id WITH =, at WITH &&) WHERE (id > 1)
) WITH (fillfactor = 70) TABLESPACE fast;
CREATE TABLE IF NOT EXISTS part (LIKE orders INCLUDING DEFAULTS INCLUDING INDEXES, k date) PARTITION BY RANGE (k, lower(a));
CREATE TABLE p1 PARTITION OF part FOR VALUES FROM ('2024-01-01') TO (MAXVALUE) PARTITION BY LIST (x);
CREATE TABLE p2 PARTITION OF s.part DEFAULT;
CREATE UNLOGGED TABLE child (z interval day to second(3), y time with time zone, w bit varying(5), v "char", u char(3), t my.type) INHERITS (parent, s.other);
CREATE TEMP TABLE tt (a int) ON COMMIT DROP;
CREATE TABLE copy (a, b) AS SELECT x, count(*) FROM src GROUP BY 1 WITH NO DATA;
CREATE MATERIALIZED VIEW IF NOT EXISTS mv AS SELECT * FROM a JOIN s.b ON a.id = b.id WITH DATA;
CREATE FOREIGN TABLE ft (a int OPTIONS (x 'y')) SERVER srv OPTIONS (t 'u');
CREATE TABLE typed OF composite_t (PRIMARY KEY (a));
SELECT * INTO newtab FROM old;
