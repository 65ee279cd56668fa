-- Whether the task's last attempt met somebody's lock: since when it does counts on, whoever tries next.
ALTER TABLE task ADD COLUMN busy INTEGER NOT NULL DEFAULT 0;
