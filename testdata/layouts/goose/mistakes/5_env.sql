-- +goose ENVSUB ON
-- +goose Up
SELECT ${A};
