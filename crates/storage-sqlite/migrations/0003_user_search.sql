-- Substring search: trigrams of the folded names, and apart from them, because few may search it, of the address.
--
-- Two marks (U+0001, which no name can contain) precede each text. They make the first one or two characters of a
-- text a trigram of its own, by which needles that are too short for a trigram are found at the beginning.
CREATE VIEW user_search AS
SELECT id,
       char(1, 1) || username_key   AS username,
       char(1, 1) || first_name_key AS first_name,
       char(1, 1) || last_name_key  AS last_name,
       char(1, 1) || email_key      AS email
FROM users;

-- The text itself stays in users (content), only ids are kept per trigram (detail, columnsize): a tenth of the size.
CREATE VIRTUAL TABLE user_names USING fts5 (
    username, first_name, last_name,
    content = 'user_search', content_rowid = 'id',
    detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

CREATE VIRTUAL TABLE user_emails USING fts5 (
    email,
    content = 'user_search', content_rowid = 'id',
    detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

-- Users whose trigrams are still to be written. FTS5 writes what it has gathered at every savepoint; one savepoint
-- per user would make inserts twice as slow, so the store writes the trigrams once, before it commits. Outside a
-- transaction of the store this table is empty.
CREATE TABLE user_search_queue (user_id INTEGER PRIMARY KEY) STRICT;

CREATE TRIGGER user_search_insert AFTER INSERT ON users
BEGIN
    INSERT INTO user_search_queue VALUES (new.id);
END;

-- FTS5 must be told the old text to take it out; a user who still waits is not in yet.
CREATE TRIGGER user_search_update
AFTER UPDATE OF username_key, first_name_key, last_name_key, email_key ON users
WHEN (new.username_key, new.first_name_key, new.last_name_key, new.email_key)
    IS NOT (old.username_key, old.first_name_key, old.last_name_key, old.email_key)
BEGIN
    INSERT INTO user_names (user_names, rowid, username, first_name, last_name)
    SELECT 'delete', old.id, char(1, 1) || old.username_key, char(1, 1) || old.first_name_key,
           char(1, 1) || old.last_name_key
    WHERE NOT EXISTS (SELECT 1 FROM user_search_queue WHERE user_id = old.id);
    INSERT INTO user_emails (user_emails, rowid, email)
    SELECT 'delete', old.id, char(1, 1) || old.email_key
    WHERE NOT EXISTS (SELECT 1 FROM user_search_queue WHERE user_id = old.id);
    INSERT INTO user_search_queue VALUES (new.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER user_search_delete AFTER DELETE ON users
BEGIN
    INSERT INTO user_names (user_names, rowid, username, first_name, last_name)
    SELECT 'delete', old.id, char(1, 1) || old.username_key, char(1, 1) || old.first_name_key,
           char(1, 1) || old.last_name_key
    WHERE NOT EXISTS (SELECT 1 FROM user_search_queue WHERE user_id = old.id);
    INSERT INTO user_emails (user_emails, rowid, email)
    SELECT 'delete', old.id, char(1, 1) || old.email_key
    WHERE NOT EXISTS (SELECT 1 FROM user_search_queue WHERE user_id = old.id);
    DELETE FROM user_search_queue WHERE user_id = old.id;
END;
