\restrict abc
\set x 1;
SET search_path = public;
\connect other
SELECT 1 \gset
SELECT 2;
