-- no-transaction
-- Finds the images whose renditions an older recipe made, without a walk over all of them.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- Validating twice does no harm.
-- squawk-ignore prefer-robust-stmts
ALTER TABLE images VALIDATE CONSTRAINT images_object_kind_check;
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS images_recipe_version_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_recipe_version_idx ON images (recipe_version, id);
INSERT INTO schema_migrations (migration_name) VALUES ('0007_outdated_renditions');
