-- no-transaction
-- Filters of the job lists that a million rows made slow (up to a second), each walked in the list's own order.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS job_queue_error_code_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_user_id_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_user_id_queue_idx;
DROP INDEX CONCURRENTLY IF EXISTS job_queue_user_id_queue_status_idx;
-- reason=, alone and with queue=, state= or userId=: those stand behind the order, so that what they leave out is left
-- out in the index. Only failures have a reason; the index stays small.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_error_code_idx
    ON job_queue (error_code, created_at DESC, id DESC, status, queue, user_id) WHERE error_code IS NOT NULL;
-- userId= with state=: the few failures of somebody who has uploaded half of everything.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_user_id_status_idx
    ON job_queue (user_id, status, created_at DESC, id DESC);
-- userId= with queue=: whoever sends DICOM alone has nothing in the other queues.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_user_id_queue_idx
    ON job_queue (user_id, queue, created_at DESC, id DESC);
-- userId= with queue= and state=.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_queue_user_id_queue_status_idx
    ON job_queue (user_id, queue, status, created_at DESC, id DESC);
INSERT INTO schema_migrations (migration_name) VALUES ('0012_job_list_filters');
