-- Google Cloud projects beside AWS accounts, more ways to sign in, and roles
-- that are assumed with another account's credentials.
--
-- Online: the rules grow wider, so every row holds to them already; they are
-- looked over in 0004, when no strong lock is held. The new column is null in
-- every row, so none is rewritten, and programs that know only version 2 go on
-- working.

-- Rather fail, and be tried again, than hold up everyone behind a long writer.
SET LOCAL lock_timeout = '10s';

ALTER TABLE accounts
    DROP CONSTRAINT accounts_credentials_method_check,
    ADD CONSTRAINT accounts_credentials_method_check CHECK (credentials_method IN (
        'AWS_DEFAULT', 'AWS_ASSUME_ROLE', 'AWS_ACCESS_KEY',
        'GCP_APPLICATION_DEFAULT', 'GCP_SERVICE_ACCOUNT_KEY', 'GCP_IMPERSONATION', 'GCP_WORKLOAD_IDENTITY')) NOT VALID,
    ADD CONSTRAINT accounts_gcp_cloud_id_check CHECK (
        provider <> 'GCP' OR cloud_id ~ '^([a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$') NOT VALID,
    ADD COLUMN source_account_id text COLLATE "C",
    ADD CONSTRAINT accounts_source_account_id_fkey FOREIGN KEY (source_account_id) REFERENCES accounts (id) NOT VALID,
    ADD CONSTRAINT accounts_source_account_id_check CHECK (
        source_account_id IS NULL OR (source_account_id <> id AND credentials_method = 'AWS_ASSUME_ROLE')) NOT VALID;

COMMENT ON COLUMN accounts.source_account_id IS
    'Role chaining: the account whose credentials assume the role; null: the default chain does. It can''t be deleted meanwhile.';
