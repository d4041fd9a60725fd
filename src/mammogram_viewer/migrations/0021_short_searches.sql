-- no-transaction
-- Searches that trigrams serve badly: of one or two letters in the list of images, where nearly every name has a word
-- that begins so, and by prefix in the list of users, whose addresses are much alike.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS images_beginnings_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_by_email_prefix_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_by_name_prefix_idx;
-- The first letter and the first two, of all that is searched, together: one short list for each beginning.
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_beginnings_idx ON images USING gin ((ARRAY[
    left(lower(original_name), 1), left(lower(original_name), 2), left(lower(patient_id), 1),
    left(lower(patient_id), 2), left(lower(patient_name), 1), left(lower(patient_name), 2)
])) WITH (fastupdate = on, gin_pending_list_limit = 1024);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_email_prefix_idx ON users (lower(email) text_pattern_ops);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_name_prefix_idx ON users (lower(name) text_pattern_ops);
ANALYZE images;
ANALYZE users;
INSERT INTO schema_migrations (migration_name) VALUES ('0021_short_searches');
