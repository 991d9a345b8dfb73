-- Every kind of mail has a room of its own, and workers of its own, who look for what is due of their kind.
DROP INDEX mail_jobs_due;
CREATE INDEX mail_jobs_due ON mail_jobs (kind, due_at) WHERE dead = 0;

DROP TRIGGER mail_waiting_insert;
DROP TRIGGER mail_waiting_update;
DROP TRIGGER mail_waiting_delete;
DROP TABLE mail_waiting;

-- How many jobs for addresses wait, of each kind.
CREATE TABLE mail_waiting (
    kind TEXT    PRIMARY KEY,
    jobs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO mail_waiting
SELECT kind, count(*) FROM mail_jobs WHERE address IS NOT NULL AND dead = 0 GROUP BY kind;

CREATE TRIGGER mail_waiting_insert AFTER INSERT ON mail_jobs WHEN new.address IS NOT NULL AND new.dead = 0
BEGIN
    INSERT INTO mail_waiting VALUES (new.kind, 1) ON CONFLICT (kind) DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER mail_waiting_update AFTER UPDATE OF dead ON mail_jobs
WHEN new.address IS NOT NULL AND new.dead IS NOT old.dead
BEGIN
    INSERT INTO mail_waiting VALUES (new.kind, old.dead - new.dead)
    ON CONFLICT (kind) DO UPDATE SET jobs = jobs + excluded.jobs;
END;

CREATE TRIGGER mail_waiting_delete AFTER DELETE ON mail_jobs WHEN old.address IS NOT NULL AND old.dead = 0
BEGIN
    UPDATE mail_waiting SET jobs = jobs - 1 WHERE kind = old.kind;
END;

-- The hash with its salt and output blanked (PasswordHash::scheme): 'A' and '.' are the zeros of base64 and of bcrypt.
-- rtrim(x, replace(x, '$', '')) cuts off what follows the last dollar; replace(hex(zeroblob(n)), '00', 'A') is n times A.
ALTER TABLE users ADD COLUMN password_scheme TEXT AS (
    CASE
        WHEN password_hash LIKE '$2_$%' THEN
            substr(password_hash, 1, length(rtrim(password_hash, replace(password_hash, '$', ''))))
            || replace(
                hex(zeroblob(
                    length(password_hash) - length(rtrim(password_hash, replace(password_hash, '$', '')))
                )), '00', '.'
            )
        ELSE
            rtrim(
                rtrim(rtrim(password_hash, replace(password_hash, '$', '')), '$'), replace(password_hash, '$', '')
            )
            || replace(
                hex(zeroblob(
                    length(rtrim(rtrim(password_hash, replace(password_hash, '$', '')), '$'))
                    - length(rtrim(
                        rtrim(rtrim(password_hash, replace(password_hash, '$', '')), '$'),
                        replace(password_hash, '$', '')
                    ))
                )), '00', 'A'
            )
            || '$'
            || replace(
                hex(zeroblob(
                    length(password_hash) - length(rtrim(password_hash, replace(password_hash, '$', '')))
                )), '00', 'A'
            )
    END
) VIRTUAL;

-- How many users have a hash of which scheme. Counting them would take a look at every user.
CREATE TABLE password_schemes (
    scheme TEXT    PRIMARY KEY,
    users  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO password_schemes
SELECT password_scheme, count(*) FROM users WHERE password_hash IS NOT NULL GROUP BY password_scheme;

CREATE TRIGGER password_schemes_insert AFTER INSERT ON users WHEN new.password_hash IS NOT NULL
BEGIN
    INSERT INTO password_schemes VALUES (new.password_scheme, 1) ON CONFLICT (scheme) DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER password_schemes_update AFTER UPDATE OF password_hash ON users
WHEN new.password_scheme IS NOT old.password_scheme
BEGIN
    UPDATE password_schemes SET users = users - 1 WHERE scheme = old.password_scheme;
    DELETE FROM password_schemes WHERE scheme = old.password_scheme AND users = 0;
    INSERT INTO password_schemes SELECT new.password_scheme, 1 WHERE new.password_hash IS NOT NULL
    ON CONFLICT (scheme) DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER password_schemes_delete AFTER DELETE ON users WHEN old.password_hash IS NOT NULL
BEGIN
    UPDATE password_schemes SET users = users - 1 WHERE scheme = old.password_scheme;
    DELETE FROM password_schemes WHERE scheme = old.password_scheme AND users = 0;
END;
