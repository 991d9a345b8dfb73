-- The user's security version at the request, where the mail is void once it is another.
ALTER TABLE mail_jobs ADD COLUMN security_version INTEGER;
-- The request whose place the newest one took.
ALTER TABLE mail_jobs ADD COLUMN replaced TEXT;

-- What a purge may remove of the audit trail in this hour of the clock: records from before `until`. It survives a
-- restart, and processes share it.
CREATE TABLE audit_share (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    hour  INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
