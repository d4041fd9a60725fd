-- no-transaction
-- Each page of the image list as one walk of an index, also where what is wanted lies far from where the walk
-- begins; and one index for the rare combinations and the search. Which query each one serves: docs/indexes.md.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- Both come with PostgreSQL (Debian: in its main package; elsewhere: postgresql-contrib), and the owner of a database
-- may add them.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS images_by_user_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_file_type_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_laterality_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_view_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_modality_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_study_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_user_and_file_type_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_user_and_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_by_view_and_laterality_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_search_idx;
-- All columns in one direction: the list's query compares them as one row, which an index with two directions cannot.
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_user_idx ON images (user_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_file_type_idx ON images (file_type, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_status_idx ON images (status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_laterality_idx ON images (laterality, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_view_idx ON images (view_position, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_modality_idx ON images (modality, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_study_idx ON images (study_id, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_user_and_file_type_idx
    ON images (user_id, file_type, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_user_and_status_idx ON images (user_id, status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_by_view_and_laterality_idx
    ON images (view_position, laterality, created_at, id);
-- Every combination of filters as an intersection of short compressed lists, and parts of file names. New entries wait
-- in a list of at most 1 MB before they are sorted in: an upload pays next to nothing, a search reads that list too.
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_search_idx ON images USING gin (
    user_id, file_type, status, laterality, view_position, modality,
    original_name gin_trgm_ops, patient_id gin_trgm_ops, patient_name gin_trgm_ops
) WITH (fastupdate = on, gin_pending_list_limit = 1024);
-- Those begin with the same columns.
DROP INDEX CONCURRENTLY IF EXISTS images_user_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_user_id_created_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_file_type_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_study_id_idx;
ANALYZE images;
INSERT INTO schema_migrations (migration_name) VALUES ('0014_image_lists');
