-- A sign-up is an e-mail address and the token that was mailed to it. The rest is chosen with the token, by the owner of the
-- address. Sign-ups that were waiting go: name and password of theirs were typed by clients of whom that is not known.
DROP TABLE registrations;

CREATE TABLE registrations (
    id         INTEGER PRIMARY KEY,
    -- Folded.
    address    TEXT    NOT NULL UNIQUE,
    -- Of the token only the SHA-256 is kept.
    token      BLOB    NOT NULL UNIQUE CHECK (length(token) = 32),
    -- How many confirmations were tried with this token.
    attempts   INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX registrations_by_expiry ON registrations (expires_at);

UPDATE registration_count SET registrations = 0;

CREATE TRIGGER registration_count_insert AFTER INSERT ON registrations
BEGIN
    UPDATE registration_count SET registrations = registrations + 1;
END;

CREATE TRIGGER registration_count_delete AFTER DELETE ON registrations
BEGIN
    UPDATE registration_count SET registrations = registrations - 1;
END;
