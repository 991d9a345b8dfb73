-- Append-only, until records are so old that nobody wants them. No foreign keys: what happened to a user is remembered
-- after the user is gone.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    target     INTEGER,
    ip         TEXT,
    request_id TEXT    NOT NULL
) STRICT;

-- Each has the id behind the column, so that the newest records of one kind, actor or user are read in order.
CREATE INDEX audit_by_kind ON audit (kind);
CREATE INDEX audit_by_actor ON audit (actor);
CREATE INDEX audit_by_target ON audit (target) WHERE target IS NOT NULL;
CREATE INDEX audit_by_time ON audit (at);

-- Between which ids the records of each hour (since 1970) lie: what is asked for by time becomes a range of ids, in the
-- order of the list. Clocks differ and are set back, so that such ranges overlap; all records of the hour are in its.
CREATE TABLE audit_hours (
    hour     INTEGER PRIMARY KEY,
    first_id INTEGER NOT NULL,
    last_id  INTEGER NOT NULL
) STRICT;

CREATE TRIGGER audit_hours_insert AFTER INSERT ON audit
BEGIN
    INSERT INTO audit_hours VALUES (new.at / 3600000000, new.id, new.id)
    ON CONFLICT (hour) DO UPDATE SET last_id = excluded.last_id;
END;
