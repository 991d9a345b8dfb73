-- Every instant is an integer: microseconds since 1970-01-01 UTC.
-- The columns named …_key hold folded text and are compared byte by byte; NOCASE would fold ASCII only.
CREATE TABLE users (
    -- AUTOINCREMENT: the number of a deleted user is never given again.
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    username         TEXT    NOT NULL,
    username_key     TEXT    NOT NULL UNIQUE,
    email            TEXT    NOT NULL,
    email_key        TEXT    NOT NULL UNIQUE,
    first_name       TEXT    NOT NULL,
    first_name_key   TEXT    NOT NULL,
    last_name        TEXT    NOT NULL,
    last_name_key    TEXT    NOT NULL,
    age              INTEGER NOT NULL,
    active           INTEGER NOT NULL CHECK (active IN (0, 1)),
    email_verified   INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    -- A JSON array of strings, in the order given.
    roles            TEXT    NOT NULL CHECK (json_valid(roles)),
    -- A JSON object.
    profile          TEXT    CHECK (profile IS NULL OR json_valid(profile)),
    -- In PHC string format.
    password_hash    TEXT,
    revision         INTEGER NOT NULL DEFAULT 1,
    security_version INTEGER NOT NULL DEFAULT 1,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
