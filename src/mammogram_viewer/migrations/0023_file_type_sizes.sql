-- no-transaction
-- The smallest and the largest file of each type, at the two ends of an index; min and max of a million rows took 170 ms.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS images_file_type_byte_count_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_file_type_byte_count_idx ON images (file_type, byte_count);
INSERT INTO schema_migrations (migration_name) VALUES ('0023_file_type_sizes');
