-- Last month's analytics report by e-mail: to whom it goes, and that it goes once.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- Administrators who do not want it. Where reports are switched on, the others get it.
CREATE TABLE report_refusals (
    user_id bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    refused_at timestamptz NOT NULL DEFAULT now()
);

-- A row a month and recipient, written together with the job that sends it: whoever restarts finds it here.
CREATE TABLE report_mails (
    month_on date NOT NULL,                  -- the first day of the month that is told of
    user_id bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz NULL,                -- the mail server has taken it
    PRIMARY KEY (month_on, user_id)
);

INSERT INTO schema_migrations (migration_name) VALUES ('0026_monthly_reports');
COMMIT;
