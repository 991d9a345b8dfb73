-- Each limit has room of its own: a flood of one makes no other forget. Buckets are worth nothing a few minutes later,
-- and are not taken along.
DROP TABLE buckets;
DROP TABLE bucket_count;

CREATE TABLE buckets (
    key        BLOB    PRIMARY KEY CHECK (length(key) = 32),
    limit_name TEXT    NOT NULL,
    full_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX buckets_by_time ON buckets (limit_name, full_at);

-- How many buckets there are of each limit. Counting them would make every request dearer while somebody floods it.
CREATE TABLE bucket_count (
    limit_name TEXT    PRIMARY KEY,
    buckets    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER bucket_count_insert AFTER INSERT ON buckets
BEGIN
    INSERT INTO bucket_count VALUES (new.limit_name, 1) ON CONFLICT (limit_name) DO UPDATE SET buckets = buckets + 1;
END;

CREATE TRIGGER bucket_count_delete AFTER DELETE ON buckets
BEGIN
    UPDATE bucket_count SET buckets = buckets - 1 WHERE limit_name = old.limit_name;
END;

-- Failed attempts to sign in since the last one that succeeded; and the security version that came with the password.
ALTER TABLE users ADD COLUMN stranger_failed_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN known_failed_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN password_version INTEGER NOT NULL DEFAULT 1;

-- For unknown users, who have no row to count in: the same work, and the number means nothing.
CREATE TABLE unknown_failed_attempts (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    failed_attempts INTEGER NOT NULL
) STRICT;

INSERT INTO unknown_failed_attempts VALUES (1, 0);
