-- +goose Upwards
SELECT 1;
