-- What people draw on images, which frames matter, and how each likes the viewer.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- The browser makes the id, so that a request may be repeated. An id counts within its image alone: whoever takes one
-- that a deleted image holds must not stand in the way of that image's return.
CREATE TABLE annotations (
    image_id bigint NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    annotation_id uuid NOT NULL,
    user_id bigint NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind IN ('length', 'ellipse', 'angle', 'arrow', 'text', 'freehand')),
    frame integer NOT NULL CHECK (frame > 0),
    points jsonb NOT NULL,                   -- [[x, y], ...], pixels; (0, 0) is the outer corner of the first one
    text text NULL,
    statistics jsonb NULL,                   -- of grey values, as the author's browser computed them
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, annotation_id)
);
CREATE INDEX annotations_user_id_idx ON annotations (user_id);

CREATE TABLE key_images (
    image_id bigint NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    frame integer NOT NULL CHECK (frame > 0),
    user_id bigint NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, frame, user_id)
);
CREATE INDEX key_images_user_id_idx ON key_images (user_id);

CREATE TABLE viewer_preferences (
    user_id bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    preferences jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO schema_migrations (migration_name) VALUES ('0029_annotations');
COMMIT;
