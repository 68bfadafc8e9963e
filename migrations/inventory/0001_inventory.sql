-- The inventory: scopes, and the instances observed in them.
--
-- All text sorts by code point (COLLATE "C"): the same on every machine, and fast.

CREATE SEQUENCE claim_seq AS bigint;

COMMENT ON SEQUENCE claim_seq IS 'Numbers all observations of scopes as they begin.';

CREATE TABLE scopes (
    uid                uuid NOT NULL
        CONSTRAINT scopes_pkey PRIMARY KEY,
    account            text COLLATE "C" NOT NULL
        CONSTRAINT scopes_account_check CHECK (account <> ''),
    provider           text COLLATE "C" NOT NULL
        CONSTRAINT scopes_provider_check CHECK (provider IN ('AWS', 'GCP')),
    kind               text COLLATE "C" NOT NULL
        CONSTRAINT scopes_kind_check CHECK (kind IN ('KIND_UNSPECIFIED', 'VIRTUAL_MACHINE', 'DATABASE')),
    location           text COLLATE "C" NOT NULL
        CONSTRAINT scopes_location_check CHECK (location <> ''),
    region             text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (regexp_replace(location, '-[a-z]$', '')) STORED,
    fence              bigint NOT NULL DEFAULT 0
        CONSTRAINT scopes_fence_check CHECK (fence >= 0),
    attempt_fence      bigint NOT NULL DEFAULT 0
        CONSTRAINT scopes_attempt_fence_check CHECK (attempt_fence >= fence),
    single_fence       bigint NOT NULL DEFAULT 0
        CONSTRAINT scopes_single_fence_check CHECK (single_fence >= 0),
    claim_fence        bigint
        CONSTRAINT scopes_claim_fence_check CHECK (claim_fence >= fence),
    claim              bigint,
    last_complete_time timestamptz
        CONSTRAINT scopes_last_complete_time_check CHECK ((last_complete_time IS NULL) = (fence = 0)),
    last_attempt_time  timestamptz,
    last_error         text NOT NULL DEFAULT '',
    last_error_reason  text COLLATE "C" NOT NULL DEFAULT '',
    instance_count     bigint NOT NULL DEFAULT 0
        CONSTRAINT scopes_instance_count_check CHECK (instance_count >= 0),

    CONSTRAINT scopes_claim_check CHECK ((claim IS NULL) = (claim_fence IS NULL)),
    CONSTRAINT scopes_account_kind_location_key UNIQUE (account, kind, location),
    CONSTRAINT scopes_whole_account_check CHECK ((kind = 'KIND_UNSPECIFIED') = (location = '-')),
    CONSTRAINT scopes_whole_account_fence_check CHECK (location <> '-' OR fence = 0),
    CONSTRAINT scopes_last_attempt_time_check CHECK ((last_attempt_time IS NULL) = (attempt_fence = 0))
)
-- Each observation rewrites its row and no index. Free space in the page keeps the new version in
-- the page, so that an unchanged observation costs a few hundred bytes of write-ahead log.
WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE scopes IS
    'A row for each scope, the smallest part of an account that a provider lists at once. An unchanged observation writes only this row.';
COMMENT ON COLUMN scopes.uid IS 'Derived from account, kind and location (UUID version 5).';
COMMENT ON COLUMN scopes.account IS 'The bare id of the account.';
COMMENT ON COLUMN scopes.provider IS 'The provider, as the enum value of the contract.';
COMMENT ON COLUMN scopes.kind IS 'The kind of the instances; KIND_UNSPECIFIED for the location -.';
COMMENT ON COLUMN scopes.location IS
    'The region (AWS) or zone (Google Cloud); - stands for an account of which no location could be read yet.';
COMMENT ON COLUMN scopes.region IS 'The region of the location: a zone of Google Cloud is the region and a letter.';
COMMENT ON COLUMN scopes.fence IS 'Fencing token of the last complete observation; 0: none.';
COMMENT ON COLUMN scopes.attempt_fence IS 'The largest token of an observation that ended, complete or not; 0: none.';
COMMENT ON COLUMN scopes.single_fence IS 'The largest token of an observation of a single instance in it; 0: none.';
COMMENT ON COLUMN scopes.claim_fence IS
    'Token of the observation that is running: older ones are refused until it ends; null: none.';
COMMENT ON COLUMN scopes.claim IS
    'Number of the observation that is running: one that does not find its own number here was overtaken; null: none.';
COMMENT ON COLUMN scopes.last_complete_time IS 'When it was last observed completely; null: never.';
COMMENT ON COLUMN scopes.last_attempt_time IS 'When it was last attempted; null: never.';
COMMENT ON COLUMN scopes.last_error IS 'Why the last attempt failed, for people; empty: it did not.';
COMMENT ON COLUMN scopes.last_error_reason IS 'The same for programs.';
COMMENT ON COLUMN scopes.instance_count IS 'The number of its instances, without those that are gone.';

CREATE TABLE removed_accounts (
    account text COLLATE "C" NOT NULL
        CONSTRAINT removed_accounts_pkey PRIMARY KEY,
    fence   bigint NOT NULL
        CONSTRAINT removed_accounts_fence_check CHECK (fence > 0)
);

COMMENT ON TABLE removed_accounts IS
    'Accounts that were removed from the inventory. An observation that began before must not bring them back.';
COMMENT ON COLUMN removed_accounts.account IS 'The bare id of the account.';
COMMENT ON COLUMN removed_accounts.fence IS 'Fencing token of the removal; observations with smaller ones are refused.';

-- The columns that a snapshot is compared with come first, columns of fixed width before all
-- others, so that Postgres reads them without walking through the row.
CREATE TABLE instances (
    uid             uuid NOT NULL
        CONSTRAINT instances_pkey PRIMARY KEY,
    scope           uuid NOT NULL,
    fence           bigint NOT NULL
        CONSTRAINT instances_fence_check CHECK (fence > 0),
    first_seen_time timestamptz NOT NULL,
    change_time     timestamptz NOT NULL,
    gone_time       timestamptz,
    content_hash    bytea NOT NULL
        CONSTRAINT instances_content_hash_check CHECK (octet_length(content_hash) = 16),
    account         text COLLATE "C" NOT NULL
        CONSTRAINT instances_account_check CHECK (account <> ''),
    provider        text COLLATE "C" NOT NULL
        CONSTRAINT instances_provider_check CHECK (provider IN ('AWS', 'GCP')),
    kind            text COLLATE "C" NOT NULL
        CONSTRAINT instances_kind_check CHECK (kind IN ('VIRTUAL_MACHINE', 'DATABASE')),
    provider_id     text COLLATE "C" NOT NULL
        CONSTRAINT instances_provider_id_check CHECK (provider_id <> ''),
    provider_uri    text COLLATE "C" NOT NULL,
    display_name    text COLLATE "C" NOT NULL,
    region          text COLLATE "C" NOT NULL,
    zone            text COLLATE "C" NOT NULL,
    state           text COLLATE "C" NOT NULL
        CONSTRAINT instances_state_check CHECK (state IN ('PENDING', 'RUNNING', 'STOPPING', 'STOPPED', 'SUSPENDED',
            'TERMINATED', 'FAILED', 'MAINTENANCE', 'GONE', 'UNKNOWN')),
    provider_state  text COLLATE "C" NOT NULL,
    machine_type    text COLLATE "C" NOT NULL,
    private_ips     text[] NOT NULL,
    public_ips      text[] NOT NULL,
    labels          jsonb NOT NULL
        CONSTRAINT instances_labels_check CHECK (jsonb_typeof(labels) = 'object'),
    details         jsonb NOT NULL
        CONSTRAINT instances_details_check CHECK (jsonb_typeof(details) = 'object'),
    create_time     timestamptz,
    observe_time    timestamptz,

    CONSTRAINT instances_gone_time_check CHECK ((gone_time IS NULL) = (state <> 'GONE'))
)
WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02,
      autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE instances IS
    'A row for each instance that was ever observed, written only when an observation changes it. No foreign key to scopes: Postgres would check it row by row in every first read, and one function writes what it would guard.';
COMMENT ON COLUMN instances.uid IS 'Derived from account, kind and provider_id (UUID version 5): the same instance always has the same uid.';
COMMENT ON COLUMN instances.scope IS 'The scope in which it was last observed (scopes.uid).';
COMMENT ON COLUMN instances.fence IS 'Fencing token of the observation that last wrote the row.';
COMMENT ON COLUMN instances.first_seen_time IS 'When Rollcall first observed it.';
COMMENT ON COLUMN instances.change_time IS 'When Rollcall last observed a change of it.';
COMMENT ON COLUMN instances.gone_time IS 'When its deletion was proven; null: it is not gone.';
COMMENT ON COLUMN instances.content_hash IS 'Hash of all observed fields: 16 bytes of SHA-256.';
COMMENT ON COLUMN instances.account IS 'The bare id of the account.';
COMMENT ON COLUMN instances.provider IS 'The provider, as the enum value of the contract.';
COMMENT ON COLUMN instances.kind IS 'The kind, as the enum value of the contract.';
COMMENT ON COLUMN instances.provider_id IS 'The id that the provider never reuses.';
COMMENT ON COLUMN instances.provider_uri IS 'ARN or self link; empty: it has none.';
COMMENT ON COLUMN instances.display_name IS 'The display name.';
COMMENT ON COLUMN instances.region IS 'The cloud''s region.';
COMMENT ON COLUMN instances.zone IS 'The zone within the region; empty: unknown, or in several.';
COMMENT ON COLUMN instances.state IS 'The state, as the enum value of the contract; GONE once gone_time is set.';
COMMENT ON COLUMN instances.provider_state IS 'The provider''s own value of the state, as last observed.';
COMMENT ON COLUMN instances.machine_type IS 'The provider''s machine type.';
COMMENT ON COLUMN instances.private_ips IS 'Addresses inside its network, the primary one first.';
COMMENT ON COLUMN instances.public_ips IS 'Public addresses.';
COMMENT ON COLUMN instances.labels IS 'The cloud''s tags or labels: an object of strings.';
COMMENT ON COLUMN instances.details IS
    'The fields that only its kind has, under virtualMachine or database, with the field names of the contract''s JSON form.';
COMMENT ON COLUMN instances.create_time IS 'When it was created, according to the provider; null: not known.';
COMMENT ON COLUMN instances.observe_time IS
    'When it was last observed by itself; null: never. Its scope may have been observed later (scopes.last_complete_time).';

-- The instances that a snapshot is compared with.
CREATE INDEX instances_scope_idx ON instances (scope) WHERE gone_time IS NULL;

-- Look-ups, which include instances that are gone. URIs are long and compared only as a whole.
CREATE INDEX instances_provider_id_idx ON instances (provider_id, uid);
CREATE INDEX instances_provider_uri_idx ON instances USING hash (provider_uri);
CREATE INDEX instances_display_name_idx ON instances (display_name, uid);

-- Pages: one filter, in the order of uid, which is unique. Lists leave out instances that are gone,
-- and so do these indexes.
CREATE INDEX instances_account_idx ON instances (account, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_region_idx ON instances (region, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_state_idx ON instances (state, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_machine_type_idx ON instances (machine_type, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_labels_idx ON instances USING gin (labels jsonb_path_ops);
