-- Which installation this database belongs to: storage carries the same id, so that no worker cleans up storage that
-- another database knows.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE installation (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    swept_at timestamptz NULL                -- when a worker last began to look for orphans
);
CREATE UNIQUE INDEX installation_one_row ON installation ((true));
INSERT INTO installation DEFAULT VALUES;

INSERT INTO schema_migrations (migration_name) VALUES ('0005_installation');
COMMIT;
