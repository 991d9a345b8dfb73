-- People who want to become users: one row at most for each address. Whether a name or an address is taken shows when
-- they become one.
CREATE TABLE registrations (
    id             INTEGER PRIMARY KEY,
    username       TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    -- Folded.
    address        TEXT    NOT NULL UNIQUE,
    first_name     TEXT    NOT NULL,
    last_name      TEXT    NOT NULL,
    age            INTEGER NOT NULL,
    active         INTEGER NOT NULL CHECK (active IN (0, 1)),
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    roles          TEXT    NOT NULL CHECK (json_valid(roles)),
    profile        TEXT    CHECK (profile IS NULL OR json_valid(profile)),
    password_hash  TEXT    NOT NULL,
    -- Of the token only the SHA-256 is kept; there is none until its mail is sent.
    token          BLOB    UNIQUE CHECK (length(token) = 32),
    expires_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX registrations_by_expiry ON registrations (expires_at);

-- How many registrations there are. Counting them would make every request dearer while somebody floods them.
CREATE TABLE registration_count (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    registrations INTEGER NOT NULL
) STRICT;

INSERT INTO registration_count VALUES (1, 0);

CREATE TRIGGER registration_count_insert AFTER INSERT ON registrations
BEGIN
    UPDATE registration_count SET registrations = registrations + 1;
END;

CREATE TRIGGER registration_count_delete AFTER DELETE ON registrations
BEGIN
    UPDATE registration_count SET registrations = registrations - 1;
END;
