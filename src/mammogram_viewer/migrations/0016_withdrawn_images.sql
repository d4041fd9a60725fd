-- Deletion with undo, and tickets for downloads of many originals at once.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- A deleted image as long as it can be brought back: all its rows in one, so that no list has to leave it out.
-- Study and series stay until it is purged; the foreign keys hold them.
CREATE TABLE withdrawn_images (
    image_id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),   -- whose image it was
    study_id bigint NULL REFERENCES studies (id),
    series_id bigint NULL REFERENCES series (id),
    deleted_by bigint NULL,                  -- no foreign key: a fact
    deleted_at timestamptz NOT NULL DEFAULT now(),
    undo_until timestamptz NOT NULL,
    storage_keys text[] NOT NULL,            -- the original's, then those of renditions; in storage until the purge
    cancelled_jobs text[] NOT NULL,          -- unfinished jobs that the deletion has cancelled
    record jsonb NOT NULL                    -- table name to its rows
);
CREATE INDEX withdrawn_images_undo_until_idx ON withdrawn_images (undo_until);
CREATE INDEX withdrawn_images_user_id_idx ON withdrawn_images (user_id);
CREATE INDEX withdrawn_images_study_id_idx ON withdrawn_images (study_id);
CREATE INDEX withdrawn_images_series_id_idx ON withdrawn_images (series_id);

-- What a person wants to download as one ZIP. What may be in it is asked again when it is read.
CREATE TABLE exports (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    image_ids bigint[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    downloaded_at timestamptz NULL           -- when it was first read; counted as downloads once
);
CREATE INDEX exports_user_id_idx ON exports (user_id, created_at DESC);
CREATE INDEX exports_expires_at_idx ON exports (expires_at);

INSERT INTO schema_migrations (migration_name) VALUES ('0016_withdrawn_images');
COMMIT;
