-- What makes analytics quick to read: people by UTC day, and boards of the images viewed most.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '3600s';

-- Who was active in a UTC day: the hours of analytics_hour_users together, for spans of many days.
CREATE TABLE analytics_day_users (bucket timestamptz PRIMARY KEY, users bit varying NOT NULL);

CREATE FUNCTION day_of(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_bin('1 day', at, timestamptz '2000-01-01 00:00:00+00')
$$;

-- Puts these days together anew, from their hours. In the transaction that changed an hour, so that they never differ.
CREATE FUNCTION gather_day_users(wanted timestamptz[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(wanted) = 0 THEN
        RETURN;
    END IF;
    DELETE FROM analytics_day_users d
    WHERE d.bucket = ANY (wanted) AND NOT EXISTS (
        SELECT FROM analytics_hour_users h WHERE h.bucket >= d.bucket AND h.bucket < d.bucket + interval '24 hours');
    -- Sets of one length can be joined by PostgreSQL's own bit_or.
    EXECUTE format(
        'INSERT INTO analytics_day_users
         SELECT d.bucket, (SELECT bit_or(users::bit(%1$s)) FROM analytics_hour_users h
                           WHERE h.bucket >= d.bucket AND h.bucket < d.bucket + interval ''24 hours'')::bit varying
         FROM unnest($1) d (bucket)
         WHERE EXISTS (SELECT FROM analytics_hour_users h
                       WHERE h.bucket >= d.bucket AND h.bucket < d.bucket + interval ''24 hours'')
         ORDER BY d.bucket
         ON CONFLICT (bucket) DO UPDATE SET users = excluded.users',
        (SELECT greatest(coalesce(max(length(h.users)), 0), 1024)
         FROM unnest(wanted) d (bucket)
         JOIN analytics_hour_users h ON h.bucket >= d.bucket AND h.bucket < d.bucket + interval '24 hours'))
    USING wanted;
END $$;

CREATE FUNCTION note_hour_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather_day_users(ARRAY(SELECT DISTINCT day_of(bucket) FROM new_rows ORDER BY 1));
    RETURN NULL;
END $$;
CREATE FUNCTION note_hour_users_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather_day_users(ARRAY(SELECT DISTINCT day_of(bucket) FROM old_rows ORDER BY 1));
    RETURN NULL;
END $$;
CREATE FUNCTION note_hour_users_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM analytics_day_users;
    RETURN NULL;
END $$;
CREATE TRIGGER analytics_hour_users_added AFTER INSERT ON analytics_hour_users REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_hour_users();
CREATE TRIGGER analytics_hour_users_changed AFTER UPDATE ON analytics_hour_users REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_hour_users();
CREATE TRIGGER analytics_hour_users_gone AFTER DELETE ON analytics_hour_users REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_hour_users_gone();
CREATE TRIGGER analytics_hour_users_emptied AFTER TRUNCATE ON analytics_hour_users
    FOR EACH STATEMENT EXECUTE FUNCTION note_hour_users_emptied();
DO $$
BEGIN
    PERFORM gather_day_users(ARRAY(SELECT DISTINCT day_of(bucket) FROM analytics_hour_users ORDER BY 1));
END $$;

-- The images opened most since `from_at` (and before `to_at`, which is the year 9999 for windows that go on), as counted by
-- `until_at`; the latest views are added when it is read. What it leaves out comes after the
-- last one listed (views, then id). analytics/boards.py tells more.
CREATE TABLE view_boards (
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    image_ids bigint[] NOT NULL,             -- descending by views and id
    views bigint[] NOT NULL,
    complete boolean NOT NULL,               -- every image that was viewed is listed
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (from_at, to_at)
);
-- Who opened the first ones of them.
CREATE TABLE view_board_viewers (
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    image_id bigint NOT NULL,
    users bit varying NOT NULL,
    PRIMARY KEY (from_at, to_at, image_id),
    FOREIGN KEY (from_at, to_at) REFERENCES view_boards (from_at, to_at) ON DELETE CASCADE
);

-- Views that come late, or go, make the boards wrong that counted their time; those are made anew. Who makes a board
-- holds the lock alone, so that none is made of what such a view is about to change.
CREATE FUNCTION forget_boards_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows WHERE viewed_at < clock_timestamp() - interval '5 minutes') THEN
        PERFORM pg_advisory_xact_lock_shared(7226003);
        DELETE FROM view_boards b
        WHERE EXISTS (SELECT FROM new_rows n WHERE n.viewed_at >= b.from_at AND n.viewed_at < b.until_at);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION forget_boards_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM old_rows) THEN
        PERFORM pg_advisory_xact_lock_shared(7226003);
        DELETE FROM view_boards b
        WHERE EXISTS (SELECT FROM old_rows o WHERE o.viewed_at >= b.from_at AND o.viewed_at < b.until_at);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION forget_boards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7226003);
    DELETE FROM view_boards;
    RETURN NULL;
END $$;
CREATE TRIGGER image_views_late AFTER INSERT ON image_views REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_boards_late();
CREATE TRIGGER image_views_gone AFTER DELETE ON image_views REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_boards_gone();
-- A heartbeat changes none of these three.
CREATE TRIGGER image_views_moved AFTER UPDATE ON image_views FOR EACH ROW
    WHEN ((old.viewed_at, old.image_id, old.user_id) IS DISTINCT FROM (new.viewed_at, new.image_id, new.user_id))
    EXECUTE FUNCTION forget_boards();
CREATE TRIGGER image_views_emptied AFTER TRUNCATE ON image_views FOR EACH STATEMENT EXECUTE FUNCTION forget_boards();

INSERT INTO schema_migrations (migration_name) VALUES ('0024_analytics_reads');
COMMIT;
