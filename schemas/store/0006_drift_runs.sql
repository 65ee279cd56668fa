-- Which run of the target's ledger is the last that each of the two structures accounts for.
ALTER TABLE drift ADD COLUMN base_run TEXT NOT NULL DEFAULT '';
ALTER TABLE drift ADD COLUMN live_run TEXT NOT NULL DEFAULT '';
