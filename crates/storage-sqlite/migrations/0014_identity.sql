-- Whether the password is a documented one; setting another password clears it.
ALTER TABLE users ADD COLUMN sample_password INTEGER NOT NULL DEFAULT 0 CHECK (sample_password IN (0, 1));

CREATE INDEX users_with_sample_password ON users (sample_password) WHERE sample_password = 1;

-- The sample users have the first five ids and were created by the service itself. Their passwords may have been replaced
-- since; so the server compares the hashes of marked users before it refuses to start.
UPDATE users SET sample_password = 1
WHERE id <= 5 AND password_hash IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM audit WHERE target = users.id AND kind IN ('user.created', 'user.signed_up') AND actor <> 'system');

-- User names that were given up. The name is an HMAC. No foreign key: a reservation outlives its user.
CREATE TABLE freed_names (
    name     BLOB    PRIMARY KEY CHECK (length(name) = 32),
    user_id  INTEGER NOT NULL,
    freed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX freed_names_by_user ON freed_names (user_id, freed_at);
CREATE INDEX freed_names_by_time ON freed_names (freed_at);
