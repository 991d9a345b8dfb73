-- The lists of users that can be asked for by role and status: '*' is everybody, '=' with the name of a role everybody
-- who has it. Both orders of a list are here, so that no page costs more than its own length.
CREATE TABLE user_lists (
    list         TEXT    NOT NULL,
    active       INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    username_key TEXT    NOT NULL,
    PRIMARY KEY (list, active, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_lists_by_name ON user_lists (list, active, username_key);

CREATE TRIGGER user_lists_insert AFTER INSERT ON users
BEGIN
    INSERT INTO user_lists
    SELECT '*', new.active, new.id, new.username_key
    UNION
    SELECT '=' || value, new.active, new.id, new.username_key FROM json_each(new.roles);
END;

CREATE TRIGGER user_lists_update AFTER UPDATE OF username_key, active, roles ON users
WHEN (new.username_key, new.active, new.roles) IS NOT (old.username_key, old.active, old.roles)
BEGIN
    DELETE FROM user_lists
    WHERE list IN (SELECT '*' UNION ALL SELECT '=' || value FROM json_each(old.roles))
      AND active = old.active AND user_id = old.id;
    INSERT INTO user_lists
    SELECT '*', new.active, new.id, new.username_key
    UNION
    SELECT '=' || value, new.active, new.id, new.username_key FROM json_each(new.roles);
END;

CREATE TRIGGER user_lists_delete AFTER DELETE ON users
BEGIN
    DELETE FROM user_lists
    WHERE list IN (SELECT '*' UNION ALL SELECT '=' || value FROM json_each(old.roles))
      AND active = old.active AND user_id = old.id;
END;
