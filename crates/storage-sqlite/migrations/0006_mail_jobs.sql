CREATE TABLE mail_jobs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT    NOT NULL,
    -- Whether there is one job at most of this kind for each recipient. Kept here, and not as a list of kinds in an
    -- index, so that a new kind needs no migration.
    carries_token INTEGER NOT NULL CHECK (carries_token IN (0, 1)),
    -- Either a folded address that a stranger typed, or a user.
    address       TEXT,
    user_id       INTEGER REFERENCES users (id) ON DELETE CASCADE,
    -- Where the mail for the user goes, if not to the address of the account.
    send_to       TEXT,
    generation    INTEGER NOT NULL DEFAULT 1,
    attempts      INTEGER NOT NULL DEFAULT 0,
    requested_at  INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    dead          INTEGER NOT NULL DEFAULT 0 CHECK (dead IN (0, 1)),
    reason        TEXT,
    lease_id      INTEGER,
    lease_until   INTEGER,
    ip            TEXT,
    request_id    TEXT    NOT NULL,
    -- Jobs for users have no address, and NULLs are all different.
    UNIQUE (address, kind),
    CHECK ((address IS NULL) IS NOT (user_id IS NULL)),
    CHECK (send_to IS NULL OR user_id IS NOT NULL),
    CHECK ((lease_id IS NULL) IS (lease_until IS NULL))
) STRICT;

CREATE INDEX mail_jobs_by_user ON mail_jobs (user_id);
CREATE UNIQUE INDEX mail_jobs_one_for_user ON mail_jobs (user_id, kind)
WHERE carries_token = 1 AND user_id IS NOT NULL;
CREATE INDEX mail_jobs_due ON mail_jobs (due_at) WHERE dead = 0;
-- For operators who look at one half, and for the day on which dead ones go.
CREATE INDEX mail_jobs_by_status ON mail_jobs (dead);
CREATE INDEX mail_jobs_dead ON mail_jobs (requested_at) WHERE dead = 1;

-- How many jobs for addresses wait. Counting them would make every request dearer while somebody floods the queue.
CREATE TABLE mail_waiting (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    jobs INTEGER NOT NULL
) STRICT;

INSERT INTO mail_waiting VALUES (1, 0);

CREATE TRIGGER mail_waiting_insert AFTER INSERT ON mail_jobs WHEN new.address IS NOT NULL AND new.dead = 0
BEGIN
    UPDATE mail_waiting SET jobs = jobs + 1;
END;

CREATE TRIGGER mail_waiting_update AFTER UPDATE OF dead ON mail_jobs
WHEN new.address IS NOT NULL AND new.dead IS NOT old.dead
BEGIN
    UPDATE mail_waiting SET jobs = jobs + old.dead - new.dead;
END;

CREATE TRIGGER mail_waiting_delete AFTER DELETE ON mail_jobs WHEN old.address IS NOT NULL AND old.dead = 0
BEGIN
    UPDATE mail_waiting SET jobs = jobs - 1;
END;
