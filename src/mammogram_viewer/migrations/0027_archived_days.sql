-- A month goes into an archive while its days are asked for: a day is computed from all of its raw rows, or refused.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- As in 0022, but under the lock of fold_activity() from its first question on, and folding comes to an end.
CREATE OR REPLACE FUNCTION update_system_stats(wanted date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    begins_at timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
    ends_at timestamptz := (wanted + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    -- Who archives holds this lock when the raw rows go: they cannot go between the question and the count.
    PERFORM pg_advisory_xact_lock(7226002);
    IF EXISTS (SELECT FROM activity_archives a
               WHERE a.restored_at IS NULL AND a.from_at < ends_at
                 AND a.to_at > begins_at) THEN
        RAISE EXCEPTION 'the activities of % are archived; restore them to compute the day again', wanted
            USING ERRCODE = 'MV001';
    END IF;
    IF begins_at > now() THEN
        RAISE EXCEPTION '% has not begun', wanted USING ERRCODE = 'MV002';
    END IF;
    -- A run takes all lines it sees up to a hundred thousand, and a thousand hours to count anew. Others go on writing
    -- meanwhile, so nobody waits here for an inbox that is empty.
    FOR run IN 1..100 LOOP
        EXIT WHEN fold_activity() < 1000;
    END LOOP;
    INSERT INTO system_stats AS s
    SELECT wanted, u.total, a.people, u.fresh, stock.images - later.images, later.fresh,
           coalesce(stock.dicom, 0) - later.dicom, coalesce(stock.png, 0) - later.png,
           coalesce(stock.jpeg, 0) - later.jpeg, coalesce(stock.tiff, 0) - later.tiff,
           stock.bytes - later.bytes, a.logins, a.uploads, a.views, a.downloads, a.deletes, a.others, now()
    FROM (SELECT count(*) AS total, count(*) FILTER (WHERE created_at >= begins_at) AS fresh
          FROM users WHERE created_at < ends_at) u
    CROSS JOIN (
        SELECT count(DISTINCT user_id) AS people,
               count(*) FILTER (WHERE activity_type = 'login') AS logins,
               count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
               count(*) FILTER (WHERE activity_type = 'view') AS views,
               count(*) FILTER (WHERE activity_type = 'download') AS downloads,
               count(*) FILTER (WHERE activity_type = 'delete') AS deletes,
               count(*) FILTER (WHERE activity_type NOT IN ('login', 'upload', 'view', 'download', 'delete')) AS others
        FROM user_activity
        WHERE created_at >= begins_at AND created_at < ends_at) a
    CROSS JOIN (
        SELECT coalesce(sum(images), 0) AS images, coalesce(sum(bytes), 0) AS bytes,
               sum(images) FILTER (WHERE file_type = 'dicom') AS dicom,
               sum(images) FILTER (WHERE file_type = 'png') AS png,
               sum(images) FILTER (WHERE file_type = 'jpeg') AS jpeg,
               sum(images) FILTER (WHERE file_type = 'tiff') AS tiff
        FROM image_totals) stock
    CROSS JOIN (
        -- What came and went after the day is taken off again; the day's own additions are its new images.
        SELECT coalesce(sum(images_added - images_removed) FILTER (WHERE bucket >= ends_at), 0)
                   AS images,
               coalesce(sum(bytes_added - bytes_removed) FILTER (WHERE bucket >= ends_at), 0)
                   AS bytes,
               coalesce(sum(dicom_images) FILTER (WHERE bucket >= ends_at), 0) AS dicom,
               coalesce(sum(png_images) FILTER (WHERE bucket >= ends_at), 0) AS png,
               coalesce(sum(jpeg_images) FILTER (WHERE bucket >= ends_at), 0) AS jpeg,
               coalesce(sum(tiff_images) FILTER (WHERE bucket >= ends_at), 0) AS tiff,
               coalesce(sum(images_added) FILTER (WHERE bucket < ends_at), 0) AS fresh
        FROM analytics_hours WHERE bucket >= begins_at) later
    ON CONFLICT (stat_date) DO UPDATE SET
        users_total = excluded.users_total, users_active = excluded.users_active, users_new = excluded.users_new,
        images_total = excluded.images_total, images_new = excluded.images_new,
        images_dicom = excluded.images_dicom, images_png = excluded.images_png, images_jpeg = excluded.images_jpeg,
        images_tiff = excluded.images_tiff, storage_bytes = excluded.storage_bytes, logins = excluded.logins,
        uploads = excluded.uploads, views = excluded.views, downloads = excluded.downloads,
        deletes = excluded.deletes, others = excluded.others, computed_at = excluded.computed_at;
END $$;

INSERT INTO schema_migrations (migration_name) VALUES ('0027_archived_days');
COMMIT;
