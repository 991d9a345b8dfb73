-- Append-only. No foreign keys: what happened to a user is remembered after the user is gone.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    target     INTEGER,
    ip         TEXT,
    request_id TEXT    NOT NULL
) STRICT;
