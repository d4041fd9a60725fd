-- Who is being watched: without a stream that listens, a job that moves tells nothing. PostgreSQL lets one transaction
-- with notifications commit at a time, which would hold back bulk work that nobody looks at.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Of API processes, renewed while streams are open; a crash may empty it, and they fill it again.
CREATE UNLOGGED TABLE event_watchers (
    user_id bigint NOT NULL,
    hub_id uuid NOT NULL,                    -- one API process
    until_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, hub_id)
);

CREATE OR REPLACE FUNCTION tell_job_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    state text := notification_state(NEW.type, NEW.status, NEW.error_code);
BEGIN
    IF EXISTS (SELECT FROM event_watchers w WHERE w.user_id = NEW.user_id AND w.until_at > clock_timestamp()) THEN
        PERFORM pg_notify('job_events', NEW.user_id || ':' || NEW.id || ':' || NEW.status);
    END IF;
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

INSERT INTO schema_migrations (migration_name) VALUES ('0013_event_watchers');
COMMIT;
