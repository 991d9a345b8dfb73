-- The user's security version at the request, where the mail is void once it is another.
ALTER TABLE mail_jobs ADD COLUMN security_version INTEGER;
-- The request whose place the newest one took.
ALTER TABLE mail_jobs ADD COLUMN replaced TEXT;
