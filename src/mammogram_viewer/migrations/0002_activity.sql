-- What happened: user_activity for statistics (shortened addresses), audit_log for accountability (full values).
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE user_activity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NULL,                     -- no foreign key: a fact outlives the account it speaks of
    activity_type text NOT NULL,
    resource_type text NULL,
    resource_id bigint NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    ip_truncated inet NULL,                  -- /24 or /48
    user_agent_family text NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX user_activity_created_at_id_idx ON user_activity (created_at DESC, id DESC);
CREATE INDEX user_activity_user_id_created_at_idx ON user_activity (user_id, created_at DESC);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor_user_id bigint NULL,               -- null: the system or the shell
    act text NOT NULL,
    resource_type text NULL,
    resource_id bigint NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    ip inet NULL,
    user_agent text NULL
);
CREATE INDEX audit_log_at_id_idx ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_actor_user_id_at_idx ON audit_log (actor_user_id, at DESC);

CREATE FUNCTION audit_log_refuses_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_refuses_change();
CREATE TRIGGER audit_log_is_not_truncated BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuses_change();

INSERT INTO schema_migrations (migration_name) VALUES ('0002_activity');
COMMIT;
