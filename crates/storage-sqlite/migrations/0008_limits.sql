-- What the service keeps to itself: 64 random bytes for each name.
CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL CHECK (length(value) = 64)
) STRICT, WITHOUT ROWID;

-- What may not be done too often. The key is an HMAC of who does what; a bucket without a row is full.
CREATE TABLE buckets (
    key     BLOB    PRIMARY KEY CHECK (length(key) = 32),
    full_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX buckets_by_time ON buckets (full_at);

-- How many buckets there are. Counting them would make every request dearer while somebody floods the limits.
CREATE TABLE bucket_count (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    buckets INTEGER NOT NULL
) STRICT;

INSERT INTO bucket_count VALUES (1, 0);

CREATE TRIGGER bucket_count_insert AFTER INSERT ON buckets
BEGIN
    UPDATE bucket_count SET buckets = buckets + 1;
END;

CREATE TRIGGER bucket_count_delete AFTER DELETE ON buckets
BEGIN
    UPDATE bucket_count SET buckets = buckets - 1;
END;
