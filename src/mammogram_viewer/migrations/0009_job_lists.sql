-- no-transaction
-- Lists of jobs by queue, state and owner, and what happened lately, without a walk over all of them.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS job_queue_queue_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_queue_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_user_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_finished_at_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_queue_status_idx ON job_queue (queue, status, created_at DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_queue_idx ON job_queue (queue, created_at DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_status_idx ON job_queue (status, created_at DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_user_id_idx ON job_queue (user_id, created_at DESC, id DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_finished_at_idx ON job_queue (finished_at, queue) WHERE finished_at IS NOT NULL;
INSERT INTO schema_migrations (migration_name) VALUES ('0009_job_lists');
