-- no-transaction
-- Imaging quality: mammograms by when they were taken, reference curves of this installation, and the secret behind the
-- pseudonyms of operators.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS images_acquired_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_not_dated_idx;
DROP INDEX CONCURRENTLY IF EXISTS image_acquisitions_operators_name_idx;
DROP INDEX CONCURRENTLY IF EXISTS image_acquisitions_quality_control_idx;
-- Those whose header says when they were taken, and those that are dated by their arrival.
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_acquired_at_idx ON images (acquired_at)
    WHERE file_type = 'dicom' AND acquired_at IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_not_dated_idx ON images (created_at)
    WHERE file_type = 'dicom' AND acquired_at IS NULL;
-- All the names there are, from one to the next: to find whom a pseudonym stands for.
CREATE INDEX CONCURRENTLY IF NOT EXISTS image_acquisitions_operators_name_idx ON image_acquisitions (operators_name)
    WHERE operators_name IS NOT NULL;
-- Phantoms: few, and left out everywhere.
CREATE INDEX CONCURRENTLY IF NOT EXISTS image_acquisitions_quality_control_idx ON image_acquisitions (image_id)
    WHERE quality_control_image;

-- One row. Without it nobody finds the name behind a pseudonym by trying names.
CREATE TABLE IF NOT EXISTS operator_pseudonym_keys (
    id bigint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    -- 244 random bits from the server itself: an extension for random bytes may not be there.
    secret bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        CHECK (octet_length(secret) >= 32)
);
INSERT INTO operator_pseudonym_keys DEFAULT VALUES ON CONFLICT (id) DO NOTHING;

-- At most one row: without it the curves are those that the program ships.
CREATE TABLE IF NOT EXISTS dose_reference_curves (
    id bigint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    curves jsonb NOT NULL,                   -- [{"name", "source", "points": [{"thicknessMm", "doseMgy"}]}]
    version integer NOT NULL DEFAULT 1,      -- grows with each change; two editors at once are told apart by it
    changed_by bigint NULL REFERENCES users (id),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX CONCURRENTLY IF NOT EXISTS dose_reference_curves_changed_by_idx ON dose_reference_curves (changed_by);
ANALYZE images;
ANALYZE image_acquisitions;
INSERT INTO schema_migrations (migration_name) VALUES ('0025_quality');
