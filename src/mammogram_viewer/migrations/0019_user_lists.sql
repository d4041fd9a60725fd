-- no-transaction
-- Each page of the list of users as one walk of an index, and its search by parts of one.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS users_by_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_by_role_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_search_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_status_idx ON users (status, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_role_idx ON users (role, created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_search_idx ON users USING gin (
    role, status, email gin_trgm_ops, name gin_trgm_ops
);
-- Those begin with the same columns.
DROP INDEX CONCURRENTLY IF EXISTS users_status_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_role_idx;
ANALYZE users;
INSERT INTO schema_migrations (migration_name) VALUES ('0019_user_lists');
