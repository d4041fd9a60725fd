-- Results and failures reach the uploader: who wants to hear what, what has been read, and what is still to be sent.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE notification_settings (
    user_id bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    read_up_to timestamptz NULL,             -- what ended later than this is unread; null: everything
    webhook_url text NULL,
    webhook_secret text NULL,                -- in the clear: it signs what we send
    webhook_on text NOT NULL DEFAULT 'never' CHECK (webhook_on IN ('never', 'failures', 'all')),
    webhook_sent_at timestamptz NULL,        -- when a delivery was last put into the queue
    email_on text NOT NULL DEFAULT 'never' CHECK (email_on IN ('never', 'failures', 'all')),
    email_sent_at timestamptz NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- What ended before there were notifications is no news to anybody.
INSERT INTO notification_settings (user_id, read_up_to) SELECT id, now() FROM users;

-- One row for each ended job and channel until it is put into a delivery, written by the transaction that ends the job.
CREATE TABLE notifications_due (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    channel text NOT NULL CHECK (channel IN ('webhook', 'email')),
    job_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'rejected', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notifications_due_user_id_idx ON notifications_due (user_id, channel, id);

-- How a job's end is told to the person who waits; null: it is not. A job that an administrator took out counts as
-- failed, one whose image was deleted (cancelled without a code) is nobody's news.
CREATE FUNCTION notification_state(job_type text, status text, error_code text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN job_type IN ('convert_dicom', 'render_picture') THEN
            CASE
                WHEN status = 'completed' THEN 'ready'
                WHEN status IN ('rejected', 'failed') THEN status
                WHEN status = 'cancelled' AND error_code = 'cancelled' THEN 'failed'
            END
        WHEN job_type IN ('render_on_demand', 'remake_renditions') AND status = 'failed' THEN 'failed'
    END
$$;

-- Here and not in the statements that move jobs, so that no statement can forget it: one job or ten thousand, by a
-- worker, an administrator or a person at psql. The listeners get ids alone and read the rows themselves.
CREATE FUNCTION tell_job_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state text := notification_state(NEW.type, NEW.status, NEW.error_code);
BEGIN
    PERFORM pg_notify('job_events', NEW.user_id || ':' || NEW.id || ':' || NEW.status);
    IF state IS NOT NULL THEN
        INSERT INTO notifications_due (user_id, channel, job_id, state)
        SELECT NEW.user_id, wanted.channel, NEW.id, state
        FROM notification_settings s
        CROSS JOIN LATERAL (VALUES ('webhook', s.webhook_on), ('email', s.email_on)) AS wanted (channel, what)
        WHERE s.user_id = NEW.user_id AND (wanted.what = 'all' OR wanted.what = 'failures' AND state <> 'ready');
    END IF;
    RETURN NULL;
END
$$;

-- `waiting` says only that Redis knows, and would put a notification into every upload.
CREATE TRIGGER job_queue_moved AFTER UPDATE OF status ON job_queue
FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status <> 'waiting'
      AND NEW.user_id IS NOT NULL AND NEW.image_id IS NOT NULL)
EXECUTE FUNCTION tell_job_moved();

INSERT INTO schema_migrations (migration_name) VALUES ('0010_notifications');
COMMIT;
