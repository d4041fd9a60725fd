-- Secrets that sign links to renditions (PUBLIC_RENDITION_BASE_URL), the same for every API machine. The newest one
-- signs, all are believed: docs/caching.md tells how to change them.
BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE rendition_link_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- 244 random bits from the server itself: an extension for random bytes may not be there.
    secret bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        CHECK (octet_length(secret) >= 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO rendition_link_keys DEFAULT VALUES;

INSERT INTO schema_migrations (migration_name) VALUES ('0018_rendition_link_keys');
COMMIT;
