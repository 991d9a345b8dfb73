-- Keys of programs. Revoked ones are gone.
CREATE TABLE service_keys (
    -- AUTOINCREMENT: a late touch of a key that is gone must not meet a new one of the same number.
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    -- Of the key's secret part only the SHA-256 is kept.
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes       TEXT    NOT NULL CHECK (json_valid(scopes)),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT;

-- Which key was created or revoked. No foreign key: what happened is remembered after the key is gone.
ALTER TABLE audit ADD COLUMN key_id INTEGER;
