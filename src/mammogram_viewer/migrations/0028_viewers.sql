-- no-transaction
-- Who viewed an image, without its rows; and totals that follow a view that is told to be of another image.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS image_views_by_image_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS image_views_by_image_idx ON image_views (image_id, viewed_at) INCLUDE (user_id);
DROP INDEX CONCURRENTLY IF EXISTS image_views_image_id_idx;
CREATE OR REPLACE FUNCTION note_view_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_inbox (at, viewed_image_id, views)
    VALUES (old.viewed_at, old.image_id, -1), (new.viewed_at, new.image_id, 1);
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS image_views_of_another ON image_views;
CREATE TRIGGER image_views_of_another AFTER UPDATE ON image_views FOR EACH ROW
    WHEN (old.image_id IS DISTINCT FROM new.image_id) EXECUTE FUNCTION note_view_moved();
INSERT INTO schema_migrations (migration_name) VALUES ('0028_viewers');
