-- no-transaction
-- What ended of a user's jobs, newest first, and the deliveries to a user, each as one walk of an index.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS job_queue_notifications_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_deliveries_idx;
-- The same condition as `notification_state(...) IS NOT NULL`, in words that the planner compares with a query's.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_notifications_idx ON job_queue (user_id, finished_at DESC, id DESC)
    WHERE finished_at IS NOT NULL
      AND (type IN ('convert_dicom', 'render_picture')
           AND (status IN ('completed', 'rejected', 'failed') OR status = 'cancelled' AND error_code = 'cancelled')
           OR type IN ('render_on_demand', 'remake_renditions') AND status = 'failed');
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_deliveries_idx ON job_queue (user_id, created_at DESC, id DESC)
    WHERE type IN ('notify_webhook', 'notify_email');
INSERT INTO schema_migrations (migration_name) VALUES ('0011_notification_lists');
