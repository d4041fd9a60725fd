-- Uploads that may be interrupted and go on later. The bytes lie in a folder, and its file's length is the truth about
-- how many have come; the row says whose they are, and keeps the answer so that it can be asked again.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE resumable_uploads (
    id text PRIMARY KEY CHECK (length(id) >= 22), -- random, at least 128 bits
    user_id bigint NOT NULL REFERENCES users (id),
    folder_id uuid NOT NULL,                 -- the folder, and so the machine, that has the bytes
    byte_count bigint NOT NULL CHECK (byte_count > 0), -- announced
    original_name text NOT NULL,             -- for people only; never part of a path
    metadata text NOT NULL,                  -- Upload-Metadata as it came
    sha256 bytea NULL CHECK (octet_length(sha256) = 32), -- promised for the whole file; null: nothing was
    priority integer NOT NULL DEFAULT 0,     -- of the jobs that it will make
    status text NOT NULL DEFAULT 'receiving' CHECK (status IN ('receiving', 'finished', 'refused')),
    answer jsonb NULL,                       -- what POST /api/images would have answered
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz NULL,
    expires_at timestamptz NOT NULL
);
-- One's own unfinished uploads: to go on with, and to hold them within limits.
CREATE INDEX resumable_uploads_user_id_idx ON resumable_uploads (user_id, status, created_at DESC);
-- The sweep.
CREATE INDEX resumable_uploads_expires_at_idx ON resumable_uploads (expires_at);

INSERT INTO schema_migrations (migration_name) VALUES ('0017_resumable_uploads');
COMMIT;
