-- no-transaction
-- Exams of an archive that is older than their tallies, counted in small transactions, and the indexes of their lists.
SET lock_timeout = '5s';
SET statement_timeout = '3600s';
-- Validating twice does no harm.
-- squawk-ignore prefer-robust-stmts
ALTER TABLE studies VALIDATE CONSTRAINT studies_grouped_into_fkey;
-- squawk-ignore prefer-robust-stmts
ALTER TABLE studies VALIDATE CONSTRAINT studies_grouped_into_check;
-- A build that failed leaves an index that is not valid.
DROP INDEX CONCURRENTLY IF EXISTS studies_grouped_into_idx;
DROP INDEX CONCURRENTLY IF EXISTS studies_patient_id_study_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS studies_patient_id_created_at_idx;
DROP INDEX CONCURRENTLY IF EXISTS studies_unknown_patient_idx;
DROP INDEX CONCURRENTLY IF EXISTS images_hanging_idx;
-- The members of an exam.
CREATE INDEX CONCURRENTLY IF NOT EXISTS studies_grouped_into_idx ON studies (grouped_into)
    WHERE grouped_into IS NOT NULL;
-- What may belong together: of one patient by date or arrival, of nobody known by arrival.
CREATE INDEX CONCURRENTLY IF NOT EXISTS studies_patient_id_study_at_idx ON studies (patient_id, study_at)
    WHERE grouped_into IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS studies_patient_id_created_at_idx ON studies (patient_id, created_at)
    WHERE grouped_into IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS studies_unknown_patient_idx ON studies (created_at)
    WHERE grouped_into IS NULL AND patient_id IS NULL;
-- The pictures of one side and view in an exam.
CREATE INDEX CONCURRENTLY IF NOT EXISTS images_hanging_idx ON images (study_id, laterality, view_position)
    WHERE study_id IS NOT NULL;
-- By the trigger on images, this also counts the exams of these.
UPDATE images i SET view_modifiers = a.view_modifiers
FROM image_acquisitions a
WHERE a.image_id = i.id AND a.view_modifiers <> '{}' AND i.view_modifiers = '{}';
DO $$
DECLARE
    last_id bigint := 0;
    batch bigint[];
BEGIN
    LOOP
        SELECT array_agg(id ORDER BY id) INTO batch
        FROM (SELECT id FROM studies WHERE id > last_id AND grouped_into IS NULL ORDER BY id LIMIT 200) next;
        EXIT WHEN batch IS NULL;
        PERFORM recount_exams(batch);
        last_id := batch[cardinality(batch)];
        COMMIT;
    END LOOP;
END $$;
ANALYZE exam_tallies;
INSERT INTO schema_migrations (migration_name) VALUES ('0020_exam_backfill');
