-- The clouds and their ways to sign in are listed by the program alone
-- (services/internal/cloud/registry), so that a new cloud needs no migration.
--
-- Online: the new rules are weaker than the old ones, so every row keeps them; 0007 validates them
-- without a strong lock. Programs that know only version 5 write what the new rules allow.

-- Fail and be tried again rather than hold up everyone behind a long reader.
SET LOCAL lock_timeout = '10s';

ALTER TABLE accounts
    DROP CONSTRAINT accounts_provider_check,
    ADD CONSTRAINT accounts_provider_check CHECK (provider ~ '^[A-Z][A-Z0-9]*$') NOT VALID,
    DROP CONSTRAINT accounts_credentials_method_check,
    ADD CONSTRAINT accounts_credentials_method_check CHECK (credentials_method ~ '^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$') NOT VALID;

COMMENT ON TABLE accounts IS
    'A row for each cloud account: its settings, which people write. The status of its connection is in connections.';
COMMENT ON COLUMN accounts.provider IS 'The cloud, as the enum value of the contract is spelled; never changes.';
COMMENT ON COLUMN accounts.cloud_id IS 'The cloud''s own id of the account, such as 12 digits or a project id; never changes.';
COMMENT ON COLUMN accounts.credentials_method IS
    'The way to sign in: the provider, an underscore and the method, as the descriptor of the cloud has it. It determines the members of credentials.';
COMMENT ON COLUMN accounts.create_time IS 'When it was created, by this database''s clock.';
COMMENT ON COLUMN connections.reason IS 'Why, as the enum value of the contract is spelled; null: nothing went wrong.';
COMMENT ON COLUMN secrets.key_id IS
    'The key that encrypted the data key of the envelope: keyset/{id} of the local keyset, or the URI of a key of a KMS.';
COMMENT ON COLUMN secrets.create_time IS 'When it was encrypted, by this database''s clock; a rotation encrypts it again.';
COMMENT ON COLUMN secrets.fetch_count IS 'The number of times that discovery fetched the secret.';
COMMENT ON COLUMN secrets.last_fetch_time IS 'When discovery last fetched it, by this database''s clock; null: never.';
