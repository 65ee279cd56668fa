COPY t (a, b) FROM STDIN;
1	it's; not SQL
2	\\.
\N	-- no comment
\.
SELECT 1;
COPY t FROM stdin WITH (FORMAT csv); -- data follows
"a;b",1
\.

COPY (SELECT 1 FROM stdin) TO STDOUT;
COPY t FROM '/tmp/x';
copy t from stdin;
last
