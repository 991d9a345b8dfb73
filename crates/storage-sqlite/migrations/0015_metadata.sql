-- JSON objects that are not empty.
ALTER TABLE users ADD COLUMN user_metadata TEXT CHECK (user_metadata IS NULL OR json_valid(user_metadata));
ALTER TABLE users ADD COLUMN app_metadata TEXT CHECK (app_metadata IS NULL OR json_valid(app_metadata));
