-- a note
-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY i ON a (id);
