-- What happened, in numbers: raw facts by month, and roll-ups in quarters of an hour that are always derived from them.
--
-- Whoever adds a fact adds a line to analytics_inbox in the same statement (triggers); fold_activity() takes lines out
-- and adds them to the roll-ups in one transaction, so that each counts once whatever is killed or comes late.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '3600s';

-- Raw facts: a partition a month, so that old months can go into archives -------------------------------------------
-- squawk-ignore renaming-table
ALTER TABLE user_activity RENAME TO user_activity_before; -- within this transaction alone
CREATE SEQUENCE user_activity_ids AS bigint;
CREATE TABLE user_activity (
    id bigint NOT NULL DEFAULT nextval('user_activity_ids'),
    user_id bigint NULL,                     -- no foreign key: a fact outlives the account it speaks of
    activity_type text NOT NULL,
    resource_type text NULL,
    resource_id bigint NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    ip_truncated inet NULL,                  -- /24 or /48
    user_agent_family text NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_activity_key PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
ALTER SEQUENCE user_activity_ids OWNED BY user_activity.id;
CREATE INDEX user_activity_by_user_idx ON user_activity (user_id, created_at, id);
CREATE INDEX user_activity_by_type_idx ON user_activity (activity_type, created_at, id);
CREATE INDEX user_activity_by_user_and_type_idx ON user_activity (user_id, activity_type, created_at, id);
-- For facts of months that have no partition, long past or far ahead: none is ever refused.
CREATE TABLE user_activity_other PARTITION OF user_activity DEFAULT;

-- Makes the partitions of these months (their first days); answers how many were missing. Safe to repeat.
CREATE FUNCTION ensure_activity_partitions(from_month date, to_month date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    month date;
    from_at timestamptz;
    to_at timestamptz;
    partition text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7226001);
    FOR month IN SELECT generate_series(date_trunc('month', from_month::timestamp),
                                        date_trunc('month', to_month::timestamp), interval '1 month')::date LOOP
        partition := 'user_activity_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        from_at := month::timestamp AT TIME ZONE 'UTC';
        to_at := (month + interval '1 month')::timestamp AT TIME ZONE 'UTC';
        EXECUTE format('CREATE TABLE %I (LIKE user_activity INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        EXECUTE format(
            'WITH moved AS (DELETE FROM user_activity_other WHERE created_at >= %L AND created_at < %L RETURNING *)
             INSERT INTO %I SELECT * FROM moved', from_at, to_at, partition);
        EXECUTE format('ALTER TABLE user_activity ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       partition, from_at, to_at);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- Months whose raw rows were put into a file of storage and dropped; their roll-ups stay.
CREATE TABLE activity_archives (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,              -- exclusive
    storage_key text NOT NULL UNIQUE,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    sha256 bytea NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    restored_at timestamptz NULL             -- its rows are in user_activity again
);
CREATE INDEX activity_archives_to_at_idx ON activity_archives (to_at);

-- A view begins when a person opens an image at display quality; the same person and image within half an hour go on
-- with it. Neither has a foreign key: a fact outlives the image.
CREATE TABLE image_views (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NULL,
    image_id bigint NOT NULL,
    viewed_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    duration_seconds integer NULL            -- while the picture was looked at; null: nobody has told
) WITH (fillfactor = 90);
CREATE INDEX image_views_user_id_image_id_idx ON image_views (user_id, image_id, viewed_at);
CREATE INDEX image_views_viewed_at_idx ON image_views (viewed_at) INCLUDE (image_id);
CREATE INDEX image_views_image_id_idx ON image_views (image_id, viewed_at);

-- How the stock of originals changed: one row an image that came, went, or came back. The sum is what is there.
CREATE TABLE image_stock (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    image_id bigint NOT NULL,
    file_type text NOT NULL,
    images integer NOT NULL CHECK (images IN (-1, 1)),
    bytes bigint NOT NULL
);
CREATE INDEX image_stock_at_idx ON image_stock (at);

-- Roll-ups -----------------------------------------------------------------------------------------------------------
-- Lines that the roll-ups do not hold yet. No index: it is emptied every second.
CREATE TABLE analytics_inbox (
    at timestamptz NOT NULL,
    user_id bigint NULL,
    activity_type text NULL,                 -- a row of user_activity
    file_type text NULL,                     -- a row of image_stock
    viewed_image_id bigint NULL,             -- a row of image_views
    images integer NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    views integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.5);

-- Hours whose raw rows were changed or removed by hand: they are counted anew.
CREATE TABLE analytics_recounts (hour timestamptz NOT NULL);

-- A row a quarter of an hour (UTC) in which something happened: sums of them are exact for any day of any time zone.
CREATE TABLE analytics_quarters (
    bucket timestamptz PRIMARY KEY,          -- its beginning
    logins bigint NOT NULL DEFAULT 0,
    uploads bigint NOT NULL DEFAULT 0,
    views bigint NOT NULL DEFAULT 0,
    downloads bigint NOT NULL DEFAULT 0,
    deletes bigint NOT NULL DEFAULT 0,
    others bigint NOT NULL DEFAULT 0,        -- activities of every other type
    images_added bigint NOT NULL DEFAULT 0,
    images_removed bigint NOT NULL DEFAULT 0,
    bytes_added bigint NOT NULL DEFAULT 0,
    bytes_removed bigint NOT NULL DEFAULT 0,
    dicom_images bigint NOT NULL DEFAULT 0,  -- added minus removed
    png_images bigint NOT NULL DEFAULT 0,
    jpeg_images bigint NOT NULL DEFAULT 0,
    tiff_images bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
-- The same by whole hours, for all of a range but its ends.
CREATE TABLE analytics_hours (LIKE analytics_quarters INCLUDING ALL) WITH (fillfactor = 80);

-- Who was active: a bit a user id. bit_count(bit_or(users::bit(n))) counts people over any range.
CREATE TABLE analytics_quarter_users (bucket timestamptz PRIMARY KEY, users bit varying NOT NULL);
CREATE TABLE analytics_hour_users (bucket timestamptz PRIMARY KEY, users bit varying NOT NULL);

-- What is there now, by type of file, and how often each image was ever viewed.
CREATE TABLE image_totals (file_type text PRIMARY KEY, images bigint NOT NULL, bytes bigint NOT NULL);
CREATE TABLE image_view_totals (image_id bigint PRIMARY KEY, views bigint NOT NULL);
CREATE INDEX image_view_totals_views_idx ON image_view_totals (views, image_id);

-- A set of user ids as bits; a missing tail is zeros. An id beyond 16 million is no user's of ours.
CREATE FUNCTION user_bits(ids bigint[]) RETURNS bit varying LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    id bigint;
    highest bigint := (SELECT max(i) FROM unnest(ids) i WHERE i BETWEEN 0 AND 16777215);
    bytes bytea;
BEGIN
    IF highest IS NULL THEN
        RETURN B'';
    END IF;
    bytes := decode(repeat('00', (highest / 8 + 1)::integer), 'hex');
    FOREACH id IN ARRAY ids LOOP
        IF id BETWEEN 0 AND highest THEN
            bytes := set_bit(bytes, id, 1);
        END IF;
    END LOOP;
    RETURN ('x' || encode(bytes, 'hex'))::bit varying;
END $$;

CREATE FUNCTION user_bits_or(one bit varying, other bit varying) RETURNS bit varying
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN length(one) < length(other)
        THEN (one || repeat('0', length(other) - length(one))::bit varying) | other
        ELSE one | (other || repeat('0', length(one) - length(other))::bit varying) END
$$;

CREATE FUNCTION quarter_of(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_bin('15 minutes', at, timestamptz '2000-01-01 00:00:00+00')
$$;
CREATE FUNCTION hour_of(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00+00')
$$;

-- The beginnings of these local days and the end of the last one. A day begins after the last quarter of an hour that
-- bears an earlier date: where midnight comes twice with the first one, where it is left out after the gap, and a day
-- that a zone has never had (Samoa, 30 December 2011) is as long as nothing.
CREATE FUNCTION local_day_bounds(tz text, first date, last date) RETURNS timestamptz[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(begins_at ORDER BY day) FROM (
        SELECT day, (
            SELECT max(at) + interval '15 minutes' FROM (
                SELECT (day::timestamp AT TIME ZONE tz) + n * interval '15 minutes' AS at FROM generate_series(-12, 12) n
            ) candidates WHERE (at AT TIME ZONE tz)::date < day) AS begins_at
        FROM generate_series(first::timestamp, last::timestamp + interval '1 day', interval '1 day') day) days
$$;

-- Moves lines of the inbox into the roll-ups; answers how many. One at a time: who comes second finds the rest. Safe to
-- call whenever exact numbers are wanted.
CREATE FUNCTION fold_activity(max_lines integer DEFAULT 100000) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    folded bigint := 0;
    recounted bigint := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM analytics_inbox) AND NOT EXISTS (SELECT FROM analytics_recounts) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(7226002);
    WITH taken AS (
        DELETE FROM analytics_inbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM analytics_inbox LIMIT max_lines))
        RETURNING quarter_of(at) AS bucket, user_id, activity_type, file_type, viewed_image_id, images, bytes, views
    ), quarters AS (
        SELECT bucket,
               count(*) FILTER (WHERE activity_type = 'login') AS logins,
               count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
               count(*) FILTER (WHERE activity_type = 'view') AS views,
               count(*) FILTER (WHERE activity_type = 'download') AS downloads,
               count(*) FILTER (WHERE activity_type = 'delete') AS deletes,
               count(*) FILTER (WHERE activity_type NOT IN ('login', 'upload', 'view', 'download', 'delete')) AS others,
               coalesce(sum(images) FILTER (WHERE images > 0), 0) AS images_added,
               coalesce(-sum(images) FILTER (WHERE images < 0), 0) AS images_removed,
               coalesce(sum(bytes) FILTER (WHERE images > 0), 0) AS bytes_added,
               coalesce(-sum(bytes) FILTER (WHERE images < 0), 0) AS bytes_removed,
               coalesce(sum(images) FILTER (WHERE file_type = 'dicom'), 0) AS dicom_images,
               coalesce(sum(images) FILTER (WHERE file_type = 'png'), 0) AS png_images,
               coalesce(sum(images) FILTER (WHERE file_type = 'jpeg'), 0) AS jpeg_images,
               coalesce(sum(images) FILTER (WHERE file_type = 'tiff'), 0) AS tiff_images
        FROM taken WHERE activity_type IS NOT NULL OR file_type IS NOT NULL GROUP BY bucket
    ), hours AS (
        SELECT hour_of(bucket) AS bucket, sum(logins) AS logins, sum(uploads) AS uploads, sum(views) AS views,
               sum(downloads) AS downloads, sum(deletes) AS deletes, sum(others) AS others,
               sum(images_added) AS images_added, sum(images_removed) AS images_removed,
               sum(bytes_added) AS bytes_added, sum(bytes_removed) AS bytes_removed,
               sum(dicom_images) AS dicom_images, sum(png_images) AS png_images, sum(jpeg_images) AS jpeg_images,
               sum(tiff_images) AS tiff_images
        FROM quarters GROUP BY 1
    ), added_quarters AS (
        INSERT INTO analytics_quarters AS q SELECT * FROM quarters ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET
            logins = q.logins + excluded.logins, uploads = q.uploads + excluded.uploads,
            views = q.views + excluded.views, downloads = q.downloads + excluded.downloads,
            deletes = q.deletes + excluded.deletes, others = q.others + excluded.others,
            images_added = q.images_added + excluded.images_added,
            images_removed = q.images_removed + excluded.images_removed,
            bytes_added = q.bytes_added + excluded.bytes_added,
            bytes_removed = q.bytes_removed + excluded.bytes_removed,
            dicom_images = q.dicom_images + excluded.dicom_images, png_images = q.png_images + excluded.png_images,
            jpeg_images = q.jpeg_images + excluded.jpeg_images, tiff_images = q.tiff_images + excluded.tiff_images
    ), added_hours AS (
        INSERT INTO analytics_hours AS h SELECT * FROM hours ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET
            logins = h.logins + excluded.logins, uploads = h.uploads + excluded.uploads,
            views = h.views + excluded.views, downloads = h.downloads + excluded.downloads,
            deletes = h.deletes + excluded.deletes, others = h.others + excluded.others,
            images_added = h.images_added + excluded.images_added,
            images_removed = h.images_removed + excluded.images_removed,
            bytes_added = h.bytes_added + excluded.bytes_added,
            bytes_removed = h.bytes_removed + excluded.bytes_removed,
            dicom_images = h.dicom_images + excluded.dicom_images, png_images = h.png_images + excluded.png_images,
            jpeg_images = h.jpeg_images + excluded.jpeg_images, tiff_images = h.tiff_images + excluded.tiff_images
    ), people AS (
        SELECT bucket, user_bits(array_agg(DISTINCT user_id)) AS users
        FROM taken WHERE activity_type IS NOT NULL AND user_id IS NOT NULL GROUP BY bucket
    ), people_of_hours AS (
        SELECT hour_of(bucket) AS bucket, user_bits(array_agg(DISTINCT user_id)) AS users
        FROM taken WHERE activity_type IS NOT NULL AND user_id IS NOT NULL GROUP BY 1
    ), added_people AS (
        INSERT INTO analytics_quarter_users AS q SELECT * FROM people ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET users = user_bits_or(q.users, excluded.users)
    ), added_people_of_hours AS (
        INSERT INTO analytics_hour_users AS h SELECT * FROM people_of_hours ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET users = user_bits_or(h.users, excluded.users)
    ), added_totals AS (
        INSERT INTO image_totals AS t
        SELECT file_type, sum(images), sum(bytes) FROM taken WHERE file_type IS NOT NULL GROUP BY 1 ORDER BY 1
        ON CONFLICT (file_type) DO UPDATE SET images = t.images + excluded.images, bytes = t.bytes + excluded.bytes
    ), added_views AS (
        INSERT INTO image_view_totals AS t
        SELECT viewed_image_id, sum(views) FROM taken WHERE viewed_image_id IS NOT NULL GROUP BY 1 ORDER BY 1
        ON CONFLICT (image_id) DO UPDATE SET views = t.views + excluded.views
    )
    SELECT count(*) INTO folded FROM taken;

    -- One statement, so that rows and lines are seen by one snapshot: none is left out, none counts twice.
    IF EXISTS (SELECT FROM analytics_recounts) THEN
        recounted := recount_activity(ARRAY(
            SELECT DISTINCT hour FROM analytics_recounts r
            WHERE NOT EXISTS (SELECT FROM activity_archives a
                              WHERE a.restored_at IS NULL AND a.from_at <= r.hour AND r.hour < a.to_at)
            ORDER BY hour LIMIT 1000));
        DELETE FROM analytics_recounts r
        WHERE EXISTS (SELECT FROM activity_archives a
                      WHERE a.restored_at IS NULL AND a.from_at <= r.hour AND r.hour < a.to_at);
    END IF;
    IF folded + recounted > 0 THEN
        PERFORM pg_notify('analytics', '');
    END IF;
    RETURN folded + recounted;
END $$;

-- Counts the activities of whole hours anew from their raw rows; the stock of images is not touched. The caller holds
-- the lock of fold_activity(). Answers how many hours.
CREATE FUNCTION recount_activity(wanted timestamptz[]) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    WITH hours AS (
        SELECT hour FROM unnest(wanted) AS h (hour)
    ), noted AS (
        DELETE FROM analytics_recounts WHERE hour = ANY (wanted)
    ), gone AS (
        DELETE FROM analytics_inbox WHERE activity_type IS NOT NULL AND hour_of(at) = ANY (wanted)
    ), facts AS MATERIALIZED (
        SELECT h.hour, quarter_of(a.created_at) AS bucket, a.user_id, a.activity_type
        FROM hours h
        CROSS JOIN LATERAL (
            SELECT created_at, user_id, activity_type FROM user_activity
            WHERE created_at >= h.hour AND created_at < h.hour + interval '1 hour') a
    ), slots AS (
        SELECT h.hour, h.hour + n * interval '15 minutes' AS bucket FROM hours h, generate_series(0, 3) n
    ), quarters AS (
        SELECT s.hour, s.bucket,
               count(*) FILTER (WHERE activity_type = 'login') AS logins,
               count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
               count(*) FILTER (WHERE activity_type = 'view') AS views,
               count(*) FILTER (WHERE activity_type = 'download') AS downloads,
               count(*) FILTER (WHERE activity_type = 'delete') AS deletes,
               count(*) FILTER (WHERE activity_type NOT IN ('login', 'upload', 'view', 'download', 'delete')) AS others,
               user_bits(array_agg(DISTINCT f.user_id)) AS users
        FROM slots s LEFT JOIN facts f ON f.bucket = s.bucket GROUP BY 1, 2
    ), hourly AS (
        SELECT s.hour AS bucket,
               count(*) FILTER (WHERE activity_type = 'login') AS logins,
               count(*) FILTER (WHERE activity_type = 'upload') AS uploads,
               count(*) FILTER (WHERE activity_type = 'view') AS views,
               count(*) FILTER (WHERE activity_type = 'download') AS downloads,
               count(*) FILTER (WHERE activity_type = 'delete') AS deletes,
               count(*) FILTER (WHERE activity_type NOT IN ('login', 'upload', 'view', 'download', 'delete')) AS others,
               user_bits(array_agg(DISTINCT f.user_id)) AS users
        FROM hours s LEFT JOIN facts f ON f.hour = s.hour GROUP BY 1
    ), set_quarters AS (
        INSERT INTO analytics_quarters AS q (bucket, logins, uploads, views, downloads, deletes, others)
        SELECT bucket, logins, uploads, views, downloads, deletes, others FROM quarters ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET
            logins = excluded.logins, uploads = excluded.uploads, views = excluded.views,
            downloads = excluded.downloads, deletes = excluded.deletes, others = excluded.others
    ), set_hours AS (
        INSERT INTO analytics_hours AS h (bucket, logins, uploads, views, downloads, deletes, others)
        SELECT bucket, logins, uploads, views, downloads, deletes, others FROM hourly ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET
            logins = excluded.logins, uploads = excluded.uploads, views = excluded.views,
            downloads = excluded.downloads, deletes = excluded.deletes, others = excluded.others
    ), set_people AS (
        INSERT INTO analytics_quarter_users AS q SELECT bucket, users FROM quarters ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET users = excluded.users
    )
    INSERT INTO analytics_hour_users AS h SELECT bucket, users FROM hourly ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE SET users = excluded.users;
    RETURN coalesce(cardinality(wanted), 0);
END $$;

-- Facts add their lines ----------------------------------------------------------------------------------------------
CREATE FUNCTION note_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_inbox (at, user_id, activity_type) SELECT created_at, user_id, activity_type FROM new_rows;
    RETURN NULL;
END $$;
CREATE FUNCTION note_activity_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_recounts SELECT DISTINCT hour_of(created_at) FROM old_rows;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO analytics_recounts SELECT DISTINCT hour_of(created_at) FROM new_rows;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION note_activity_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_recounts SELECT DISTINCT hour_of(created_at) FROM old_rows;
    RETURN NULL;
END $$;
CREATE FUNCTION note_views() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_inbox (at, viewed_image_id, views)
    SELECT min(viewed_at), image_id, count(*) FROM new_rows GROUP BY image_id;
    RETURN NULL;
END $$;
CREATE FUNCTION note_views_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_inbox (at, viewed_image_id, views)
    SELECT min(viewed_at), image_id, -count(*) FROM old_rows GROUP BY image_id;
    RETURN NULL;
END $$;
-- An image that comes back from a deletion comes now; every other one came when its row says.
CREATE FUNCTION note_images_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH stock AS (
        INSERT INTO image_stock (at, image_id, file_type, images, bytes)
        SELECT CASE WHEN EXISTS (SELECT FROM withdrawn_images w WHERE w.image_id = n.id)
                    THEN now() ELSE n.created_at END, n.id, n.file_type, 1, n.byte_count
        FROM new_rows n
        RETURNING at, file_type, images, bytes
    )
    INSERT INTO analytics_inbox (at, file_type, images, bytes) SELECT * FROM stock;
    RETURN NULL;
END $$;
CREATE FUNCTION note_images_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH stock AS (
        INSERT INTO image_stock (at, image_id, file_type, images, bytes)
        SELECT now(), o.id, o.file_type, -1, -o.byte_count FROM old_rows o
        RETURNING at, file_type, images, bytes
    )
    INSERT INTO analytics_inbox (at, file_type, images, bytes) SELECT * FROM stock;
    RETURN NULL;
END $$;

-- A row a day (UTC). computed_at alone changes when a day is computed again.
CREATE TABLE system_stats (
    stat_date date PRIMARY KEY,
    users_total bigint NOT NULL,             -- at the end of the day
    users_active bigint NOT NULL,            -- people who did something
    users_new bigint NOT NULL,
    images_total bigint NOT NULL,            -- at the end of the day
    images_new bigint NOT NULL,
    images_dicom bigint NOT NULL,
    images_png bigint NOT NULL,
    images_jpeg bigint NOT NULL,
    images_tiff bigint NOT NULL,
    storage_bytes bigint NOT NULL,           -- of originals, at the end of the day
    logins bigint NOT NULL,
    uploads bigint NOT NULL,
    views bigint NOT NULL,
    downloads bigint NOT NULL,
    deletes bigint NOT NULL,
    others bigint NOT NULL,
    computed_at timestamptz NOT NULL
);

-- Computes a day from its raw rows; a day whose rows are archived (MV001) or that has not begun (MV002) is refused.
CREATE FUNCTION update_system_stats(wanted date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    begins_at timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
    ends_at timestamptz := (wanted + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF EXISTS (SELECT FROM activity_archives a
               WHERE a.restored_at IS NULL AND a.from_at < ends_at
                 AND a.to_at > begins_at) THEN
        RAISE EXCEPTION 'the activities of % are archived; restore them to compute the day again', wanted
            USING ERRCODE = 'MV001';
    END IF;
    IF begins_at > now() THEN
        RAISE EXCEPTION '% has not begun', wanted USING ERRCODE = 'MV002';
    END IF;
    WHILE fold_activity() > 0 LOOP
        NULL;
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

-- Derives all roll-ups of the stock and of views anew from their raw rows. The caller holds the lock of fold_activity().
CREATE FUNCTION rebuild_stock_and_views() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Writers wait: lines and rows must be the same ones for as long as this takes.
    LOCK TABLE image_stock, image_views IN SHARE MODE;
    DELETE FROM analytics_inbox WHERE file_type IS NOT NULL OR viewed_image_id IS NOT NULL;
    UPDATE analytics_quarters SET images_added = 0, images_removed = 0, bytes_added = 0, bytes_removed = 0,
        dicom_images = 0, png_images = 0, jpeg_images = 0, tiff_images = 0
    WHERE images_added <> 0 OR images_removed <> 0;
    UPDATE analytics_hours SET images_added = 0, images_removed = 0, bytes_added = 0, bytes_removed = 0,
        dicom_images = 0, png_images = 0, jpeg_images = 0, tiff_images = 0
    WHERE images_added <> 0 OR images_removed <> 0;
    WITH quarters AS (
        SELECT quarter_of(at) AS bucket,
               coalesce(sum(images) FILTER (WHERE images > 0), 0) AS images_added,
               coalesce(-sum(images) FILTER (WHERE images < 0), 0) AS images_removed,
               coalesce(sum(bytes) FILTER (WHERE images > 0), 0) AS bytes_added,
               coalesce(-sum(bytes) FILTER (WHERE images < 0), 0) AS bytes_removed,
               coalesce(sum(images) FILTER (WHERE file_type = 'dicom'), 0) AS dicom_images,
               coalesce(sum(images) FILTER (WHERE file_type = 'png'), 0) AS png_images,
               coalesce(sum(images) FILTER (WHERE file_type = 'jpeg'), 0) AS jpeg_images,
               coalesce(sum(images) FILTER (WHERE file_type = 'tiff'), 0) AS tiff_images
        FROM image_stock GROUP BY 1
    ), set_quarters AS (
        INSERT INTO analytics_quarters AS q (bucket, images_added, images_removed, bytes_added, bytes_removed,
                                             dicom_images, png_images, jpeg_images, tiff_images)
        SELECT * FROM quarters ORDER BY bucket
        ON CONFLICT (bucket) DO UPDATE SET
            images_added = excluded.images_added, images_removed = excluded.images_removed,
            bytes_added = excluded.bytes_added, bytes_removed = excluded.bytes_removed,
            dicom_images = excluded.dicom_images, png_images = excluded.png_images,
            jpeg_images = excluded.jpeg_images, tiff_images = excluded.tiff_images
    )
    INSERT INTO analytics_hours AS h (bucket, images_added, images_removed, bytes_added, bytes_removed,
                                      dicom_images, png_images, jpeg_images, tiff_images)
    SELECT hour_of(bucket), sum(images_added), sum(images_removed), sum(bytes_added), sum(bytes_removed),
           sum(dicom_images), sum(png_images), sum(jpeg_images), sum(tiff_images)
    FROM quarters GROUP BY 1 ORDER BY 1
    ON CONFLICT (bucket) DO UPDATE SET
        images_added = excluded.images_added, images_removed = excluded.images_removed,
        bytes_added = excluded.bytes_added, bytes_removed = excluded.bytes_removed,
        dicom_images = excluded.dicom_images, png_images = excluded.png_images,
        jpeg_images = excluded.jpeg_images, tiff_images = excluded.tiff_images;
    DELETE FROM image_totals;
    INSERT INTO image_totals SELECT file_type, sum(images), sum(bytes) FROM image_stock GROUP BY 1;
    DELETE FROM image_view_totals;
    INSERT INTO image_view_totals SELECT image_id, count(*) FROM image_views GROUP BY 1;
END $$;

-- What came before this migration ------------------------------------------------------------------------------------
DO $$
DECLARE
    first_at timestamptz := (SELECT min(created_at) FROM user_activity_before);
BEGIN
    PERFORM ensure_activity_partitions(coalesce(first_at, now())::date, (now() + interval '2 months')::date);
END $$;
INSERT INTO user_activity
SELECT id, user_id,
       -- Before, every opening counted. One within half an hour of the last goes on with that view.
       CASE WHEN activity_type = 'view' AND created_at < before_at + interval '30 minutes'
            THEN 'view_continued' ELSE activity_type END,
       resource_type, resource_id, metadata, ip_truncated, user_agent_family, created_at
FROM (SELECT *, lag(created_at) OVER (PARTITION BY user_id, activity_type, resource_type, resource_id
                                      ORDER BY created_at, id) AS before_at
      FROM user_activity_before) b
ORDER BY created_at, id;
DO $$
BEGIN
    PERFORM setval('user_activity_ids', greatest((SELECT max(id) FROM user_activity), 1));
END $$;
INSERT INTO image_views (user_id, image_id, viewed_at, last_seen_at)
SELECT user_id, resource_id, min(created_at), max(created_at)
FROM (SELECT *, count(*) FILTER (WHERE activity_type = 'view') OVER (
          PARTITION BY user_id, resource_id ORDER BY created_at, id) AS nth
      FROM user_activity
      WHERE activity_type IN ('view', 'view_continued') AND resource_type = 'image' AND resource_id IS NOT NULL) v
GROUP BY user_id, resource_id, nth ORDER BY min(created_at);
INSERT INTO image_stock (at, image_id, file_type, images, bytes)
SELECT created_at, id, file_type, 1, byte_count FROM images
UNION ALL
-- Images that are gone: what was recorded when they came, and when they went for the last time.
SELECT created_at, resource_id, metadata ->> 'fileType', sign, sign * (metadata ->> 'byteCount')::bigint
FROM (SELECT a.*, CASE activity_type WHEN 'upload' THEN 1 ELSE -1 END AS sign,
             row_number() OVER (PARTITION BY resource_id, activity_type ORDER BY created_at DESC, id DESC) AS nth,
             count(*) FILTER (WHERE activity_type = 'upload') OVER (PARTITION BY resource_id) AS came
      FROM user_activity a
      WHERE activity_type IN ('upload', 'delete') AND resource_type = 'image' AND metadata ? 'byteCount'
        AND NOT EXISTS (SELECT FROM images i WHERE i.id = a.resource_id)) gone
WHERE nth = 1 AND came > 0
ORDER BY 1;
-- squawk-ignore ban-drop-table
DROP TABLE user_activity_before;
DO $$
BEGIN
    PERFORM recount_activity(ARRAY(SELECT DISTINCT hour_of(created_at) FROM user_activity ORDER BY 1));
    PERFORM rebuild_stock_and_views();
END $$;

CREATE TRIGGER user_activity_noted AFTER INSERT ON user_activity REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_activity();
CREATE TRIGGER user_activity_changed AFTER UPDATE ON user_activity REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_activity_changed();
CREATE TRIGGER user_activity_deleted AFTER DELETE ON user_activity REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_activity_deleted();
CREATE TRIGGER image_views_noted AFTER INSERT ON image_views REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_views();
CREATE TRIGGER image_views_deleted AFTER DELETE ON image_views REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_views_deleted();
CREATE TRIGGER images_added AFTER INSERT ON images REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_images_added();
CREATE TRIGGER images_removed AFTER DELETE ON images REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_images_removed();
ANALYZE user_activity, image_views, image_stock, analytics_quarters, analytics_hours, image_view_totals;

INSERT INTO schema_migrations (migration_name) VALUES ('0022_analytics');
COMMIT;
