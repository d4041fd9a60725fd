-- Exams as lists show them: a study, or several that a person has grouped, with a tally of its images a viewer.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Coded modifiers of the view (spot, magnification, ...), beside the view itself, so that an image's own row tells what
-- it counts as in its exam.
ALTER TABLE images ADD COLUMN view_modifiers text[] NOT NULL DEFAULT '{}';

-- The exam that a person has made this study part of; null: it is an exam of its own. One level deep.
ALTER TABLE studies ADD COLUMN grouped_into bigint NULL;
ALTER TABLE studies ADD COLUMN grouped_at timestamptz NULL;
ALTER TABLE studies ADD CONSTRAINT studies_grouped_into_fkey
    FOREIGN KEY (grouped_into) REFERENCES studies (id) NOT VALID;
ALTER TABLE studies ADD CONSTRAINT studies_grouped_into_check CHECK (grouped_into <> id) NOT VALID;

-- Studies that somebody has said are no exam together; the smaller id first.
CREATE TABLE dismissed_suggestions (
    study_id bigint NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    other_study_id bigint NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    dismissed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (study_id, other_study_id),
    CHECK (study_id < other_study_id)
);
CREATE INDEX dismissed_suggestions_other_study_id_idx ON dismissed_suggestions (other_study_id);

CREATE FUNCTION exam_keys(
    user_id bigint, status text, object_kind text, modality text, laterality text, view_position text,
    view_modifiers text[], presentation_intent_type text, number_of_frames integer, patient_id text, patient_name text,
    study_at timestamp
) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(ARRAY[
        'by ' || user_id,
        'status ' || status,
        'modality ' || modality,
        'side ' || laterality,
        'view ' || view_position,
        'at ' || laterality || ' ' || view_position,
        'patient ' || patient_id,
        'name ' || patient_name,
        'on ' || to_char(study_at, 'YYYY-MM-DD'),
        -- What it is in a mammographic exam. What cannot be shown is not there.
        CASE WHEN modality = 'MG' AND object_kind = 'image' AND status NOT IN ('rejected', 'failed')
                  AND laterality IN ('R', 'L') THEN
            CASE WHEN cardinality(view_modifiers) > 0 THEN 'special '
                 WHEN number_of_frames > 1 THEN 'tomosynthesis '
                 WHEN presentation_intent_type = 'FOR PROCESSING' THEN 'processing '
                 ELSE 'shown ' END
            || laterality || ' ' || view_position
            || CASE WHEN cardinality(view_modifiers) > 0 THEN ' ' || array_to_string(view_modifiers, ' ') ELSE '' END
        END
    ], NULL)
$$;

CREATE FUNCTION exam_tally_sum(one jsonb, other jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, n), '{}') FROM (
        SELECT key, sum(value::integer) AS n
        FROM (SELECT * FROM jsonb_each_text(one) UNION ALL SELECT * FROM jsonb_each_text(other)) both_of
        GROUP BY key HAVING sum(value::integer) <> 0) summed
$$;
CREATE FUNCTION exam_image_count(tally jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(sum(value::integer), 0)::integer FROM jsonb_each_text(tally) WHERE key LIKE 'status %'
$$;
CREATE FUNCTION exam_facets(tally jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(key), '{}') FROM jsonb_each_text(tally)
    WHERE value::integer > 0 AND split_part(key, ' ', 1) IN ('by', 'status', 'modality', 'side', 'view', 'at')
$$;
CREATE FUNCTION exam_study_on(tally jsonb) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT min(make_date(substr(key, 4, 4)::integer, substr(key, 9, 2)::integer, substr(key, 12, 2)::integer))
    FROM jsonb_object_keys(tally) key WHERE key LIKE 'on %'
$$;
-- Each on a line of its own, so that a search for a beginning is one for a line.
CREATE FUNCTION exam_patients(tally jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(E'\n' || substr(key, strpos(key, ' ') + 1), '' ORDER BY key), '')
    FROM jsonb_object_keys(tally) key WHERE key LIKE 'patient %' OR key LIKE 'name %'
$$;

-- A row an exam and viewer: 0 for those who see every image, else somebody's id for those who see their own alone.
-- created_at never changes, and the row stays while the study does: an image that comes back finds its exam where it was.
CREATE TABLE exam_tallies (
    exam_id bigint NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
    viewer_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    tally jsonb NOT NULL,                    -- how many of the viewer's images have each of exam_keys()
    image_count integer NOT NULL GENERATED ALWAYS AS (exam_image_count(tally)) STORED,
    facets text[] NOT NULL GENERATED ALWAYS AS (exam_facets(tally)) STORED,
    study_on date NULL GENERATED ALWAYS AS (exam_study_on(tally)) STORED,
    patients text NOT NULL GENERATED ALWAYS AS (exam_patients(tally)) STORED,
    PRIMARY KEY (exam_id, viewer_id)
) WITH (fillfactor = 80);
CREATE INDEX exam_tallies_created_at_idx ON exam_tallies (viewer_id, created_at, exam_id)
    WHERE image_count > 0;
-- Every combination of filters, and the beginnings of patient ids and names (the extensions came with 0014).
CREATE INDEX exam_tallies_search_idx ON exam_tallies USING gin (viewer_id, facets, patients gin_trgm_ops)
    WITH (fastupdate = off) WHERE image_count > 0;
CREATE INDEX exam_tallies_study_on_idx ON exam_tallies (viewer_id, study_on) WHERE image_count > 0;
-- Which facets are rare decides how a list is read.
ALTER TABLE exam_tallies ALTER COLUMN facets SET STATISTICS 500;

-- Adds to the tallies. The studies are locked against grouping meanwhile, always in the order of ids.
CREATE FUNCTION add_to_exams(study_ids bigint[], user_ids bigint[], keys text[], numbers bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM studies WHERE id = ANY (study_ids) ORDER BY id FOR KEY SHARE;
    INSERT INTO exam_tallies AS e (exam_id, viewer_id, created_at, tally)
    SELECT c.exam_id, c.viewer_id, CASE c.viewer_id WHEN 0 THEN head.created_at ELSE now() END,
           jsonb_object_agg(c.key, c.n)
    FROM (SELECT coalesce(s.grouped_into, s.id) AS exam_id, v.viewer_id, d.key, sum(d.n) AS n
          FROM unnest(study_ids, user_ids, keys, numbers) AS d (study_id, user_id, key, n)
          JOIN studies s ON s.id = d.study_id
          CROSS JOIN LATERAL (VALUES (0::bigint), (d.user_id)) AS v (viewer_id)
          GROUP BY 1, 2, 3 HAVING sum(d.n) <> 0) c
    JOIN studies head ON head.id = c.exam_id
    GROUP BY c.exam_id, c.viewer_id, head.created_at
    ORDER BY c.exam_id, c.viewer_id
    ON CONFLICT (exam_id, viewer_id) DO UPDATE SET tally = exam_tally_sum(e.tally, excluded.tally);
END $$;

-- Counts exams anew from their images: after grouping and ungrouping, and for archives older than this table.
CREATE FUNCTION recount_exams(exam_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM studies WHERE id = ANY (exam_ids) OR grouped_into = ANY (exam_ids) ORDER BY id FOR UPDATE;
    UPDATE exam_tallies SET tally = '{}' WHERE exam_id = ANY (exam_ids) AND tally <> '{}';
    INSERT INTO exam_tallies AS e (exam_id, viewer_id, created_at, tally)
    SELECT c.exam_id, c.viewer_id,
           CASE c.viewer_id WHEN 0 THEN head.created_at ELSE coalesce(
               (SELECT min(t.created_at) FROM exam_tallies t JOIN studies s ON s.id = t.exam_id
                WHERE (s.id = c.exam_id OR s.grouped_into = c.exam_id) AND t.viewer_id = c.viewer_id),
               min(c.first_at)) END,
           jsonb_object_agg(c.key, c.n)
    FROM (SELECT coalesce(s.grouped_into, s.id) AS exam_id, v.viewer_id, k.key, count(*) AS n,
                 min(i.created_at) AS first_at
          FROM studies s
          JOIN images i ON i.study_id = s.id
          CROSS JOIN LATERAL (VALUES (0::bigint), (i.user_id)) AS v (viewer_id)
          CROSS JOIN LATERAL unnest(exam_keys(
              i.user_id, i.status, i.object_kind, i.modality, i.laterality, i.view_position, i.view_modifiers,
              i.presentation_intent_type, i.number_of_frames, i.patient_id, i.patient_name, i.study_at)) AS k (key)
          WHERE s.grouped_into = ANY (exam_ids) OR (s.grouped_into IS NULL AND s.id = ANY (exam_ids))
          GROUP BY 1, 2, 3) c
    JOIN studies head ON head.id = c.exam_id
    GROUP BY c.exam_id, c.viewer_id, head.created_at
    ORDER BY c.exam_id, c.viewer_id
    ON CONFLICT (exam_id, viewer_id) DO UPDATE SET tally = excluded.tally;
END $$;

-- Whatever changes an image changes its exam's tallies in the same statement: uploads that are filed, retries,
-- corrections, deletions and what brings them back. A statement that changes nothing that counts ends here.
CREATE FUNCTION images_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    study_ids bigint[];
    user_ids bigint[];
    keys text[];
    numbers bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(d.study_id), array_agg(d.user_id), array_agg(d.key), array_agg(d.n)
        INTO study_ids, user_ids, keys, numbers
        FROM (SELECT i.study_id, i.user_id, k.key, count(*) AS n
              FROM new_rows i
              CROSS JOIN LATERAL unnest(exam_keys(
                  i.user_id, i.status, i.object_kind, i.modality, i.laterality, i.view_position, i.view_modifiers,
                  i.presentation_intent_type, i.number_of_frames, i.patient_id, i.patient_name, i.study_at)) AS k (key)
              WHERE i.study_id IS NOT NULL GROUP BY 1, 2, 3) d;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(d.study_id), array_agg(d.user_id), array_agg(d.key), array_agg(d.n)
        INTO study_ids, user_ids, keys, numbers
        FROM (SELECT i.study_id, i.user_id, k.key, -count(*) AS n
              FROM old_rows i
              CROSS JOIN LATERAL unnest(exam_keys(
                  i.user_id, i.status, i.object_kind, i.modality, i.laterality, i.view_position, i.view_modifiers,
                  i.presentation_intent_type, i.number_of_frames, i.patient_id, i.patient_name, i.study_at)) AS k (key)
              WHERE i.study_id IS NOT NULL GROUP BY 1, 2, 3) d;
    ELSE
        SELECT array_agg(d.study_id), array_agg(d.user_id), array_agg(d.key), array_agg(d.n)
        INTO study_ids, user_ids, keys, numbers
        FROM (SELECT i.study_id, i.user_id, k.key, sum(i.sign) AS n
              FROM (SELECT 1 AS sign, * FROM new_rows UNION ALL SELECT -1, * FROM old_rows) i
              CROSS JOIN LATERAL unnest(exam_keys(
                  i.user_id, i.status, i.object_kind, i.modality, i.laterality, i.view_position, i.view_modifiers,
                  i.presentation_intent_type, i.number_of_frames, i.patient_id, i.patient_name, i.study_at)) AS k (key)
              WHERE i.study_id IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(i.sign) <> 0) d;
    END IF;
    IF study_ids IS NOT NULL THEN
        PERFORM add_to_exams(study_ids, user_ids, keys, numbers);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER images_inserted AFTER INSERT ON images REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION images_changed();
CREATE TRIGGER images_updated AFTER UPDATE ON images REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION images_changed();
CREATE TRIGGER images_deleted AFTER DELETE ON images REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION images_changed();

-- A study without an image left stays while others are grouped into it, and goes with the last of them.
CREATE FUNCTION keep_head_of_exam() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM studies WHERE grouped_into = OLD.id) THEN
        RETURN NULL;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER studies_keep_head BEFORE DELETE ON studies
    FOR EACH ROW EXECUTE FUNCTION keep_head_of_exam();

CREATE FUNCTION delete_empty_head_of_exam() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    patient bigint;
BEGIN
    DELETE FROM studies s
    WHERE s.id = OLD.grouped_into
      AND NOT EXISTS (SELECT FROM images WHERE study_id = s.id)
      AND NOT EXISTS (SELECT FROM withdrawn_images WHERE study_id = s.id)
      AND NOT EXISTS (SELECT FROM series WHERE study_id = s.id)
    RETURNING s.patient_id INTO patient;
    DELETE FROM patients p WHERE p.id = patient AND NOT EXISTS (SELECT FROM studies WHERE patient_id = p.id);
    RETURN NULL;
END $$;
CREATE TRIGGER studies_delete_empty_head AFTER DELETE ON studies
    FOR EACH ROW WHEN (OLD.grouped_into IS NOT NULL) EXECUTE FUNCTION delete_empty_head_of_exam();

INSERT INTO schema_migrations (migration_name) VALUES ('0015_exams');
COMMIT;
