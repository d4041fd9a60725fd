-- The outbox: the row is the truth, Redis is a wake-up that may be lost at any time.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE job_queue (
    id text PRIMARY KEY,                     -- dicom-<imageId>, thumbnail-<imageId>, ...
    queue text NOT NULL,
    type text NOT NULL,                      -- a stable kind: convert_dicom, render_picture, ...
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'waiting', 'active', 'delayed',
                          'completed', 'rejected', 'failed', 'cancelled')),
    image_id bigint NULL,                    -- no foreign key: the story outlives the image
    user_id bigint NULL,
    priority integer NOT NULL DEFAULT 0,     -- 0: served first, from BullMQ's wait list
    attempts_made integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 3,
    interruptions integer NOT NULL DEFAULT 0, -- attempts that a dying worker never reported
    progress real NOT NULL DEFAULT 0,
    input jsonb NOT NULL DEFAULT '{}',
    result jsonb NULL,
    error_code text NULL,
    error text NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    enqueued_at timestamptz NULL,
    started_at timestamptz NULL,
    finished_at timestamptz NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_queue_unfinished_idx ON job_queue (updated_at)
    WHERE status IN ('pending', 'waiting', 'active', 'delayed');
CREATE INDEX job_queue_image_id_idx ON job_queue (image_id);
CREATE INDEX job_queue_created_at_id_idx ON job_queue (created_at DESC, id DESC);

CREATE TABLE job_attempts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id text NOT NULL REFERENCES job_queue (id) ON DELETE CASCADE,
    worker text NOT NULL,                    -- host:pid
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz NULL,
    outcome text NULL,                       -- completed, rejected, failed, interrupted
    error_code text NULL,
    error text NULL,
    exit_code integer NULL
);
CREATE INDEX job_attempts_job_id_idx ON job_attempts (job_id);

INSERT INTO schema_migrations (migration_name) VALUES ('0004_jobs');
COMMIT;
