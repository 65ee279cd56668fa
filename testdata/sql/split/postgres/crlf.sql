COPY t FROM STDIN;
1	2
\.
SELECT 1; -- crlf
SELECT 2
;
