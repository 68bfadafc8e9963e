-- Cloud accounts, and how to sign in to them.

-- A sequence, and not a count per account: an account that was deleted and made
-- again under its old id never shows an etag it had before.
CREATE SEQUENCE account_revision_seq AS bigint;

COMMENT ON SEQUENCE account_revision_seq IS
    'Numbers every change of any account''s settings; the source of etags (AIP-154).';

CREATE TABLE accounts (
    id                 text COLLATE "C" NOT NULL
        CONSTRAINT accounts_pkey PRIMARY KEY
        CONSTRAINT accounts_id_check CHECK (id ~ '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'),
    provider           text NOT NULL
        CONSTRAINT accounts_provider_check CHECK (provider IN ('AWS', 'GCP')),
    cloud_id           text COLLATE "C" NOT NULL
        CONSTRAINT accounts_cloud_id_check CHECK (cloud_id <> ''),
    display_name       text COLLATE "C" NOT NULL
        CONSTRAINT accounts_display_name_check CHECK (display_name <> ''),
    labels             jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT accounts_labels_check CHECK (jsonb_typeof(labels) = 'object'),
    paused             boolean NOT NULL DEFAULT false,
    sync_interval      interval
        CONSTRAINT accounts_sync_interval_check CHECK (sync_interval > interval '0'),
    regions            text[] NOT NULL DEFAULT '{}',
    credentials_method text NOT NULL
        CONSTRAINT accounts_credentials_method_check CHECK (credentials_method IN ('AWS_DEFAULT', 'AWS_ASSUME_ROLE')),
    credentials        jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT accounts_credentials_check CHECK (jsonb_typeof(credentials) = 'object'),
    revision           bigint NOT NULL DEFAULT nextval('account_revision_seq'),
    create_time        timestamptz NOT NULL DEFAULT now(),
    update_time        timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT accounts_provider_cloud_id_key UNIQUE (provider, cloud_id),
    CONSTRAINT accounts_aws_cloud_id_check CHECK (provider <> 'AWS' OR cloud_id ~ '^[0-9]{12}$'),
    CONSTRAINT accounts_credentials_provider_check CHECK (starts_with(credentials_method, provider || '_')),
    CONSTRAINT accounts_update_time_check CHECK (update_time >= create_time)
);

ALTER SEQUENCE account_revision_seq OWNED BY accounts.revision;

COMMENT ON TABLE accounts IS
    'A row for each cloud account: its settings, which people write. The status of its connection is in connections.';
COMMENT ON COLUMN accounts.id IS
    'The last part of the resource name accounts/{account}; never changes. Sorted by code point, on every machine alike.';
COMMENT ON COLUMN accounts.provider IS 'The cloud, as the enum word of the contract; never changes.';
COMMENT ON COLUMN accounts.cloud_id IS 'The cloud''s own id: 12 digits on AWS, the project id on GCP; never changes.';
COMMENT ON COLUMN accounts.display_name IS 'What people call it.';
COMMENT ON COLUMN accounts.labels IS 'The owner''s marks: an object of strings.';
COMMENT ON COLUMN accounts.paused IS 'Whether the schedule passes over it.';
COMMENT ON COLUMN accounts.sync_interval IS 'From one sync to the next; null: the server''s default. The contract sets the limits.';
COMMENT ON COLUMN accounts.regions IS 'The regions to read, in the cloud''s spelling; empty: all that are enabled.';
COMMENT ON COLUMN accounts.credentials_method IS 'The way to sign in: the provider and the method. It determines the members of credentials.';
COMMENT ON COLUMN accounts.credentials IS
    'Settings of the method, an object. Never a secret: this column is shown to everyone who may read the account.';
COMMENT ON COLUMN accounts.revision IS 'Grows with every change of this row.';
COMMENT ON COLUMN accounts.create_time IS 'When it was created, by this database''s clock.';
COMMENT ON COLUMN accounts.update_time IS
    'When its settings last changed, by this database''s clock; grows with every change. Discovery syncs soon after.';
