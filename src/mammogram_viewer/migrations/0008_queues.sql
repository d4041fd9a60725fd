-- Queues as administrators drive them, and the workers that serve them.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- The truth about pausing and concurrency; Redis and the workers follow.
CREATE TABLE queues (
    name text PRIMARY KEY,
    paused_at timestamptz NULL,
    paused_by bigint NULL REFERENCES users (id),
    concurrency integer NULL CHECK (concurrency BETWEEN 1 AND 64), -- of each worker; null: as its settings say
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX queues_paused_by_idx ON queues (paused_by);
INSERT INTO queues (name) VALUES ('dicom-conversion'), ('thumbnail'), ('maintenance');

-- A row for each run of a worker process, touched every few seconds while it lives.
CREATE TABLE workers (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    queues jsonb NOT NULL,                   -- name to concurrency
    current_jobs text[] NOT NULL DEFAULT '{}',
    memory_bytes bigint NOT NULL,            -- resident, of the worker without its children
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz NULL
);
CREATE INDEX workers_seen_at_idx ON workers (seen_at);

INSERT INTO schema_migrations (migration_name) VALUES ('0008_queues');
COMMIT;
