-- The roll: scopes, and the instances seen in them.
--
-- All text sorts by code point (COLLATE "C"): on every machine alike, and fast.

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
-- Each observation rewrites its row and no index: room in the page keeps that
-- within the page, so that a re-read without news costs a few hundred bytes of
-- write-ahead log.
WITH (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

COMMENT ON TABLE scopes IS
    'What is known of each scope, the smallest thing whose truth is known at once. A row an observation is all that a re-read without news writes.';
COMMENT ON COLUMN scopes.uid IS 'Derived from account, kind and location (UUID version 5).';
COMMENT ON COLUMN scopes.account IS 'The bare id of the account.';
COMMENT ON COLUMN scopes.provider IS 'The cloud, as the enum word of the contract.';
COMMENT ON COLUMN scopes.kind IS 'What sort of instances; KIND_UNSPECIFIED for the location -.';
COMMENT ON COLUMN scopes.location IS
    'The region (AWS) or zone (Google Cloud); - stands for all of an account of which no location could be looked at yet.';
COMMENT ON COLUMN scopes.region IS 'The region of the location: a zone of Google Cloud is the region and a letter.';
COMMENT ON COLUMN scopes.fence IS 'Fencing token of the last complete observation; 0: never.';
COMMENT ON COLUMN scopes.attempt_fence IS 'The largest token of an observation that ended, complete or not; 0: none did.';
COMMENT ON COLUMN scopes.single_fence IS 'The largest token of an observation of a single instance in it; 0: none.';
COMMENT ON COLUMN scopes.claim_fence IS
    'Token of the observation under way: until it ends, older ones are refused. Null: none.';
COMMENT ON COLUMN scopes.claim IS
    'Number of the observation under way: one that does not find its own here was overtaken. Null: none is.';
COMMENT ON COLUMN scopes.last_complete_time IS 'When it was last observed to the end; null: never.';
COMMENT ON COLUMN scopes.last_attempt_time IS 'When it was last tried; null: never.';
COMMENT ON COLUMN scopes.last_error IS 'Why the last try failed, for people; empty: it did not.';
COMMENT ON COLUMN scopes.last_error_reason IS 'The same for programs.';
COMMENT ON COLUMN scopes.instance_count IS 'Instances in it, gone ones left out.';

CREATE TABLE removed_accounts (
    account text COLLATE "C" NOT NULL
        CONSTRAINT removed_accounts_pkey PRIMARY KEY,
    fence   bigint NOT NULL
        CONSTRAINT removed_accounts_fence_check CHECK (fence > 0)
);

COMMENT ON TABLE removed_accounts IS
    'Accounts that were taken off the roll: an observation that began before that must not bring them back.';
COMMENT ON COLUMN removed_accounts.account IS 'The bare id of the account.';
COMMENT ON COLUMN removed_accounts.fence IS 'Fencing token of the removal; observations with smaller ones are refused.';

-- What a snapshot compares itself to comes first, columns of fixed width before
-- all others: it is read without walking through the row.
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
    'One row an instance that was ever seen. Written only when an observation changes it. No foreign key to scopes: it would be checked row by row in every first read, and what it guards, one function writes.';
COMMENT ON COLUMN instances.uid IS 'Derived from account, kind and provider_id (UUID version 5): the same thing always has the same.';
COMMENT ON COLUMN instances.scope IS 'The scope it was last seen in (scopes.uid).';
COMMENT ON COLUMN instances.fence IS 'Fencing token of the observation that last wrote the row.';
COMMENT ON COLUMN instances.first_seen_time IS 'When Rollcall first saw it.';
COMMENT ON COLUMN instances.change_time IS 'When Rollcall last saw something of it change.';
COMMENT ON COLUMN instances.gone_time IS 'When a complete observation of its scope lacked it; null: it is there.';
COMMENT ON COLUMN instances.content_hash IS 'Of all that an observation brings: 16 bytes of SHA-256.';
COMMENT ON COLUMN instances.account IS 'The bare id of the account.';
COMMENT ON COLUMN instances.provider IS 'The cloud, as the enum word of the contract.';
COMMENT ON COLUMN instances.kind IS 'What sort of thing it is, as the enum word of the contract.';
COMMENT ON COLUMN instances.provider_id IS 'The id that the cloud never gives to another thing.';
COMMENT ON COLUMN instances.provider_uri IS 'ARN or self link; empty: it has none.';
COMMENT ON COLUMN instances.display_name IS 'What people call it.';
COMMENT ON COLUMN instances.region IS 'The cloud''s region.';
COMMENT ON COLUMN instances.zone IS 'The zone within the region; empty: unknown, or in several.';
COMMENT ON COLUMN instances.state IS 'What it is doing, as the enum word of the contract; GONE once gone_time is set.';
COMMENT ON COLUMN instances.provider_state IS 'The cloud''s own word, as last seen.';
COMMENT ON COLUMN instances.machine_type IS 'The cloud''s name of its size.';
COMMENT ON COLUMN instances.private_ips IS 'Addresses inside its network, the primary one first.';
COMMENT ON COLUMN instances.public_ips IS 'Addresses that the internet can reach.';
COMMENT ON COLUMN instances.labels IS 'The cloud''s tags or labels: an object of strings.';
COMMENT ON COLUMN instances.details IS
    'What only its kind has, under virtualMachine or database, with the field names of the contract''s JSON form.';
COMMENT ON COLUMN instances.create_time IS 'When the cloud made it; null: the cloud does not say.';
COMMENT ON COLUMN instances.observe_time IS
    'When it was last observed alone; null: never. Its scope may have been observed later (scopes.last_complete_time).';

-- What a snapshot compares itself to.
CREATE INDEX instances_scope_idx ON instances (scope) WHERE gone_time IS NULL;

-- Look-ups, also of what is gone. Addresses are long and only asked for whole.
CREATE INDEX instances_provider_id_idx ON instances (provider_id, uid);
CREATE INDEX instances_provider_uri_idx ON instances USING hash (provider_uri);
CREATE INDEX instances_display_name_idx ON instances (display_name, uid);

-- Pages: one filter in the order of uid, which is unique. Lists leave out what is
-- gone unless they are asked for it, and so do these.
CREATE INDEX instances_account_idx ON instances (account, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_region_idx ON instances (region, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_state_idx ON instances (state, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_machine_type_idx ON instances (machine_type, uid) WHERE gone_time IS NULL;
CREATE INDEX instances_labels_idx ON instances USING gin (labels jsonb_path_ops);
