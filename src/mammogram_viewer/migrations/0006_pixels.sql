-- What the header tells of geometry, grey scale, technique and dose; corrections by people; objects that are no images.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- image, or dose_report: a structured report that came along and is no failed image.
ALTER TABLE images ADD COLUMN object_kind text NOT NULL DEFAULT 'image';
ALTER TABLE images ADD CONSTRAINT images_object_kind_check
    CHECK (object_kind IN ('image', 'dose_report')) NOT VALID;
-- Labels that people have put on it.
ALTER TABLE images ADD COLUMN tags text[] NOT NULL DEFAULT '{}';

-- Frame n of a rendition with several frames is bytes [frame_offsets[n], frame_offsets[n+1]) of its file.
ALTER TABLE renditions ADD COLUMN frame_offsets bigint[] NULL;

-- One row an image that was rendered: what pages and analytics show of it, but lists do not.
CREATE TABLE image_acquisitions (
    image_id bigint PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    view_modifiers text[] NOT NULL DEFAULT '{}',
    breast_implant_present boolean NULL,     -- (0028,1300)
    partial_view boolean NULL,               -- (0028,1350)
    quality_control_image boolean NULL,      -- (0028,0300)
    has_overlays boolean NOT NULL DEFAULT false,
    voi_candidates jsonb NOT NULL DEFAULT '[]',
    -- Millimetres between pixel centres, and what they are millimetres of.
    spacing_row_mm double precision NULL,
    spacing_column_mm double precision NULL,
    spacing_basis text NOT NULL DEFAULT 'none' CHECK (
        spacing_basis IN ('detector', 'magnification_corrected', 'calibrated', 'scanned_film', 'none')
    ),
    magnification double precision NULL,
    -- Technique and dose, in the units of the names.
    kvp_kv double precision NULL,
    exposure_mas double precision NULL,
    organ_dose_mgy double precision NULL,
    entrance_dose_mgy double precision NULL,
    compression_force_n double precision NULL,
    body_part_thickness_mm double precision NULL,
    half_value_layer_mm_al double precision NULL,
    anode_target_material text NULL,
    filter_material text NULL,
    detector_id text NULL,
    device_serial_number text NULL,
    operators_name text NULL,
    irradiation_event_uid text NULL,
    -- Columns above whose value lies outside of what mammography units give: kept as written, never charted.
    implausible text[] NOT NULL DEFAULT '{}'
);

-- What people have corrected, beside what the file says. The corrected value is the one in `images`.
CREATE TABLE image_corrections (
    image_id bigint NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    field text NOT NULL CHECK (field IN ('laterality', 'view_position')),
    value text NULL,
    file_value text NULL,
    file_source text NULL,
    corrected_by bigint NOT NULL REFERENCES users (id),
    corrected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, field)
);
CREATE INDEX image_corrections_corrected_by_idx ON image_corrections (corrected_by);

INSERT INTO schema_migrations (migration_name) VALUES ('0006_pixels');
COMMIT;
