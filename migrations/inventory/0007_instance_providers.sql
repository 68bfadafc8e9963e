-- The same for instances. A migration of its own, so that no transaction waits for the strong
-- lock of one table while it holds that of another.

-- Fail and be tried again rather than hold up everyone behind a long reader.
SET LOCAL lock_timeout = '10s';

ALTER TABLE instances
    DROP CONSTRAINT instances_provider_check,
    ADD CONSTRAINT instances_provider_check CHECK (provider <> '') NOT VALID;
