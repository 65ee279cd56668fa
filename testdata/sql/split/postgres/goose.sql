-- +goose Up
CREATE TABLE a (id int);
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int AS '
BEGIN; x; END;
' LANGUAGE sql;
-- +goose StatementEnd
-- +goose StatementBegin
SELECT 1;
SELECT 2;
-- +goose StatementEnd
CREATE TABLE b (id int);
