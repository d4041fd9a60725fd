-- patient > study > series > image, what we derived from each image, and the files that are to go.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE patients (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id text NOT NULL,                -- (0010,0020)
    issuer_of_patient_id text NOT NULL DEFAULT '',
    patient_name text NULL,
    patient_birth_date date NULL,
    patient_sex text NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (patient_id, issuer_of_patient_id)
);

CREATE TABLE studies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_instance_uid text NOT NULL UNIQUE,
    patient_id bigint NULL REFERENCES patients (id),
    study_id text NULL,                      -- (0020,0010), the site's own number
    accession_number text NULL,
    study_description text NULL,
    study_at timestamp NULL,                 -- StudyDate and StudyTime, local to the unit
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX studies_patient_id_idx ON studies (patient_id);

CREATE TABLE series (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series_instance_uid text NOT NULL,
    study_id bigint NOT NULL REFERENCES studies (id),
    modality text NULL,
    series_number integer NULL,
    series_description text NULL,
    manufacturer text NULL,
    station_name text NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (study_id, series_instance_uid)
);

CREATE TABLE images (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    file_type text NOT NULL CHECK (file_type IN ('dicom', 'png', 'jpeg', 'tiff')),
    original_name text NOT NULL,             -- for people only; never part of a path
    byte_count bigint NOT NULL CHECK (byte_count > 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    storage_key text NOT NULL UNIQUE,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'processing', 'ready', 'rejected', 'failed')),
    reason_code text NULL,
    reason text NULL,
    -- Filed by the worker from the header; null until then, and for plain pictures.
    study_id bigint NULL REFERENCES studies (id),
    series_id bigint NULL REFERENCES series (id),
    -- What this file says of patient and study. The shared rows only group: two files may disagree, and one
    -- person's upload must never put another name on somebody else's image, or tell it to them.
    patient_id text NULL,
    patient_name text NULL,
    accession_number text NULL,
    study_description text NULL,
    study_at timestamp NULL,
    sop_class_uid text NULL,
    sop_instance_uid text NULL,
    transfer_syntax_uid text NULL,
    conflicts_with bigint NULL,              -- the first image that carried this SOP Instance UID with other bytes
    modality text NULL,
    laterality text NULL CHECK (laterality IN ('R', 'L', 'B')),
    laterality_source text NULL,
    view_position text NULL,
    view_position_source text NULL,
    instance_number integer NULL,
    acquired_at timestamp NULL,
    presentation_intent_type text NULL,
    photometric_interpretation text NULL,
    rows integer NULL,
    columns integer NULL,
    number_of_frames integer NULL,
    bits_stored integer NULL,
    voi_source text NULL,
    warnings jsonb NOT NULL DEFAULT '[]',
    recipe_version integer NULL,             -- of the renditions that are shown
    UNIQUE (user_id, sha256)                 -- a file uploaded again by the same user is the same image
);
CREATE INDEX images_user_id_idx ON images (user_id);
CREATE INDEX images_created_at_idx ON images (created_at DESC, id DESC);
CREATE INDEX images_user_id_created_at_idx ON images (user_id, created_at DESC, id DESC);
CREATE INDEX images_file_type_idx ON images (file_type, created_at DESC, id DESC);
CREATE INDEX images_status_idx ON images (status, created_at DESC, id DESC);
CREATE INDEX images_study_id_idx ON images (study_id);
CREATE INDEX images_series_id_idx ON images (series_id);
CREATE INDEX images_sop_instance_uid_idx ON images (sop_instance_uid);

CREATE TABLE renditions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    image_id bigint NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    kind text NOT NULL,                      -- png8, thumbnail256, thumbnail512, tags, ...
    recipe_version integer NOT NULL,
    storage_key text NOT NULL UNIQUE,
    content_type text NOT NULL,
    byte_count bigint NOT NULL,
    width integer NULL,
    height integer NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (image_id, kind, recipe_version)
);

-- Files whose rows are gone: written in the deleting transaction, emptied by the reconciler, so that a crash
-- between the two leaves neither an orphan nor a row without its file.
CREATE TABLE storage_removals (
    storage_key text PRIMARY KEY,
    requested_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO schema_migrations (migration_name) VALUES ('0003_archive');
COMMIT;
