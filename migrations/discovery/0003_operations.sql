-- Start and stop: operations, their targets, the databases that are kept stopped, and the audit.
--
-- Online: only new tables.

CREATE TABLE operations (
    id                  uuid NOT NULL
        CONSTRAINT operations_pkey PRIMARY KEY,
    verb                text NOT NULL
        CONSTRAINT operations_verb_check CHECK (verb IN ('START', 'STOP')),
    batch               boolean NOT NULL,
    state               text NOT NULL DEFAULT 'QUEUED'
        CONSTRAINT operations_state_check CHECK (state IN ('QUEUED', 'RUNNING', 'ENDED')),
    user_name           text NOT NULL DEFAULT '',
    user_source         text NOT NULL
        CONSTRAINT operations_user_source_check CHECK (user_source IN ('UNKNOWN', 'FORWARDED_HEADER', 'SYSTEM')),
    address             text NOT NULL DEFAULT '',
    user_agent          text NOT NULL DEFAULT '',
    reason              text NOT NULL DEFAULT '',
    request_id          uuid
        CONSTRAINT operations_request_id_key UNIQUE,
    request_hash        bytea,
    filter              text NOT NULL DEFAULT '',
    keep_stopped        boolean NOT NULL DEFAULT false,
    max_parallel        integer NOT NULL
        CONSTRAINT operations_max_parallel_check CHECK (max_parallel > 0),
    oldest_observe_time timestamptz,
    unreachable         text[] NOT NULL DEFAULT '{}',
    revision            bigint NOT NULL DEFAULT 1,
    job_id              bigint,
    worker              text NOT NULL DEFAULT '',
    fencing_token       bigint
        CONSTRAINT operations_fencing_token_check CHECK (fencing_token > 0),
    lease_time          timestamptz,
    queue_time          timestamptz NOT NULL DEFAULT now(),
    create_time         timestamptz NOT NULL DEFAULT now(),
    start_time          timestamptz,
    end_time            timestamptz,
    deadline            timestamptz NOT NULL,
    cancel_time         timestamptz,

    CONSTRAINT operations_running_check CHECK
        (state <> 'RUNNING' OR (fencing_token IS NOT NULL AND lease_time IS NOT NULL AND start_time IS NOT NULL)),
    CONSTRAINT operations_end_time_check CHECK ((end_time IS NULL) = (state <> 'ENDED')),
    CONSTRAINT operations_request_hash_check CHECK ((request_id IS NULL) = (request_hash IS NULL)),
    CONSTRAINT operations_keep_stopped_check CHECK (NOT keep_stopped OR verb = 'STOP')
);

CREATE INDEX operations_active_idx ON operations (state, lease_time) WHERE state <> 'ENDED';
CREATE INDEX operations_end_time_idx ON operations (end_time);

COMMENT ON TABLE operations IS 'A row for each request to start or stop instances. The job in River only brings it to a worker.';
COMMENT ON COLUMN operations.id IS 'UUIDv7: ids grow with time.';
COMMENT ON COLUMN operations.verb IS 'START or STOP.';
COMMENT ON COLUMN operations.batch IS 'Whether it is a batch. A batch ends without an error even if some of its instances failed.';
COMMENT ON COLUMN operations.state IS 'QUEUED, then RUNNING, then ENDED. QUEUED again after its worker died or stopped.';
COMMENT ON COLUMN operations.user_name IS 'The user who asked; empty: not known.';
COMMENT ON COLUMN operations.user_source IS 'How the user is known.';
COMMENT ON COLUMN operations.address IS 'The address of the caller.';
COMMENT ON COLUMN operations.user_agent IS 'The user agent of the caller.';
COMMENT ON COLUMN operations.reason IS 'The reason that the user gave.';
COMMENT ON COLUMN operations.request_id IS 'The request id (AIP-155). A repeated request finds its operation by it.';
COMMENT ON COLUMN operations.request_hash IS 'A hash of the request. Another request with the same id is refused.';
COMMENT ON COLUMN operations.filter IS 'The filter that selected the instances; empty: they were named.';
COMMENT ON COLUMN operations.keep_stopped IS 'Whether databases that it stops are stopped again after the provider restarted them.';
COMMENT ON COLUMN operations.max_parallel IS 'How many targets run at the same time.';
COMMENT ON COLUMN operations.oldest_observe_time IS 'With a filter: the oldest observation behind the selection; null: none.';
COMMENT ON COLUMN operations.unreachable IS 'With a filter: the unreachable scopes.';
COMMENT ON COLUMN operations.revision IS 'Grows with every change of the operation or its targets. Watchers compare it.';
COMMENT ON COLUMN operations.job_id IS 'The job in river_job that brings it to a worker.';
COMMENT ON COLUMN operations.worker IS 'The process that claimed it, for people.';
COMMENT ON COLUMN operations.fencing_token IS 'The fencing token of its worker. Every write carries it.';
COMMENT ON COLUMN operations.lease_time IS 'The end of the lease, unless the worker renews it.';
COMMENT ON COLUMN operations.queue_time IS 'When it was last queued, by the clock of the database, as all times here.';
COMMENT ON COLUMN operations.create_time IS 'When it was requested.';
COMMENT ON COLUMN operations.start_time IS 'When a worker first claimed it.';
COMMENT ON COLUMN operations.end_time IS 'When its last target ended.';
COMMENT ON COLUMN operations.deadline IS 'The deadline of the operation.';
COMMENT ON COLUMN operations.cancel_time IS 'When someone cancelled it. No call is made after that.';

CREATE TABLE operation_targets (
    operation           uuid NOT NULL
        CONSTRAINT operation_targets_operation_fkey REFERENCES operations (id) ON DELETE CASCADE,
    place               integer NOT NULL,
    instance            text COLLATE "C" NOT NULL,
    account             text COLLATE "C" NOT NULL,
    provider            text NOT NULL,
    kind                text NOT NULL,
    location            text NOT NULL,
    provider_id         text NOT NULL,
    provider_uri        text NOT NULL,
    display_name        text NOT NULL,
    zone                text NOT NULL,
    etag                text NOT NULL DEFAULT '',
    state               text NOT NULL
        CONSTRAINT operation_targets_state_check CHECK
            (state IN ('PENDING', 'CHECKING', 'CALLED', 'WAITING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'UNKNOWN')),
    exclusive           text COLLATE "C",
    unit                text NOT NULL DEFAULT '',
    key                 uuid NOT NULL,
    already             boolean NOT NULL DEFAULT false,
    from_state          text NOT NULL DEFAULT '',
    current_state       text NOT NULL DEFAULT '',
    provider_state      text NOT NULL DEFAULT '',
    observe_time        timestamptz,
    calls               integer NOT NULL DEFAULT 0
        CONSTRAINT operation_targets_calls_check CHECK (calls >= 0),
    call_time           timestamptz,
    reference           text NOT NULL DEFAULT '',
    refusal_reason      text NOT NULL DEFAULT '',
    refusal_message     text NOT NULL DEFAULT '',
    refusal_remedy      text NOT NULL DEFAULT '',
    refusal_transient   boolean NOT NULL DEFAULT false,
    notes               text[] NOT NULL DEFAULT '{}',
    steps               jsonb NOT NULL DEFAULT '[]',
    revision            bigint NOT NULL DEFAULT 1,

    CONSTRAINT operation_targets_pkey PRIMARY KEY (operation, place),
    CONSTRAINT operation_targets_calls_time_check CHECK ((calls = 0) = (call_time IS NULL)),
    CONSTRAINT operation_targets_called_check CHECK (state <> 'CALLED' OR calls > 0)
);

-- One operation at a time works on an instance, or on the unit that it belongs to.
CREATE UNIQUE INDEX operation_targets_exclusive_key ON operation_targets (account, exclusive)
    WHERE state IN ('PENDING', 'CHECKING', 'CALLED', 'WAITING');
CREATE INDEX operation_targets_instance_idx ON operation_targets (instance);
CREATE INDEX operation_targets_account_idx ON operation_targets (account);

COMMENT ON TABLE operation_targets IS 'A row for each target of an operation: its state, and everything that a worker needs to continue.';
COMMENT ON COLUMN operation_targets.operation IS 'The operation.';
COMMENT ON COLUMN operation_targets.place IS 'Its index, in the order in which the instances were named or found.';
COMMENT ON COLUMN operation_targets.instance IS 'The id of the instance in the inventory.';
COMMENT ON COLUMN operation_targets.account IS 'The account''s id.';
COMMENT ON COLUMN operation_targets.provider IS 'The cloud.';
COMMENT ON COLUMN operation_targets.kind IS 'The kind of the instance.';
COMMENT ON COLUMN operation_targets.location IS 'The location of its scope.';
COMMENT ON COLUMN operation_targets.provider_id IS 'The provider''s id.';
COMMENT ON COLUMN operation_targets.provider_uri IS 'The provider''s URI.';
COMMENT ON COLUMN operation_targets.display_name IS 'The display name.';
COMMENT ON COLUMN operation_targets.zone IS 'The zone.';
COMMENT ON COLUMN operation_targets.etag IS 'The etag that the caller expects; empty: any.';
COMMENT ON COLUMN operation_targets.state IS 'The state of the target. CALLED is stored before the call is made.';
COMMENT ON COLUMN operation_targets.exclusive IS 'What no other operation may work on meanwhile; null: another target of the operation has the lock.';
COMMENT ON COLUMN operation_targets.unit IS 'The unit that the call is made on; empty: the instance itself.';
COMMENT ON COLUMN operation_targets.key IS 'The idempotency key of the call, for providers that support one.';
COMMENT ON COLUMN operation_targets.already IS 'Whether it was in the wanted state already.';
COMMENT ON COLUMN operation_targets.from_state IS 'The state before; empty: not polled yet.';
COMMENT ON COLUMN operation_targets.current_state IS 'The state at the last poll.';
COMMENT ON COLUMN operation_targets.provider_state IS 'The provider''s value for it.';
COMMENT ON COLUMN operation_targets.observe_time IS 'When it was last polled.';
COMMENT ON COLUMN operation_targets.calls IS 'How many calls that change something were made, or were about to be made.';
COMMENT ON COLUMN operation_targets.call_time IS 'When the last of them was made.';
COMMENT ON COLUMN operation_targets.reference IS 'The provider''s name of its own operation.';
COMMENT ON COLUMN operation_targets.refusal_reason IS 'Why it failed, for programs; empty: it did not.';
COMMENT ON COLUMN operation_targets.refusal_message IS 'The same for people.';
COMMENT ON COLUMN operation_targets.refusal_remedy IS 'The remedy, for people.';
COMMENT ON COLUMN operation_targets.refusal_transient IS 'Whether the same request may succeed soon.';
COMMENT ON COLUMN operation_targets.notes IS 'Other effects, a sentence each.';
COMMENT ON COLUMN operation_targets.steps IS 'The steps: an array of {time, state, text}.';
COMMENT ON COLUMN operation_targets.revision IS 'The revision of the operation when the target last changed.';

CREATE TABLE kept_stopped (
    instance          text COLLATE "C" NOT NULL
        CONSTRAINT kept_stopped_pkey PRIMARY KEY,
    account           text COLLATE "C" NOT NULL,
    operation         uuid NOT NULL,
    user_name         text NOT NULL DEFAULT '',
    reason            text NOT NULL DEFAULT '',
    stop_time         timestamptz NOT NULL DEFAULT now(),
    auto_restart_time timestamptz,
    check_time        timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX kept_stopped_check_time_idx ON kept_stopped (check_time);

COMMENT ON TABLE kept_stopped IS 'Databases to be stopped again after their provider restarts them, until someone starts them.';
COMMENT ON COLUMN kept_stopped.instance IS 'The id of the instance in the inventory.';
COMMENT ON COLUMN kept_stopped.account IS 'The account''s id.';
COMMENT ON COLUMN kept_stopped.operation IS 'The operation that last stopped it.';
COMMENT ON COLUMN kept_stopped.user_name IS 'The user who asked for it; empty: not known.';
COMMENT ON COLUMN kept_stopped.reason IS 'The reason that the user gave.';
COMMENT ON COLUMN kept_stopped.stop_time IS 'When it was last found stopped.';
COMMENT ON COLUMN kept_stopped.auto_restart_time IS 'When the provider restarts it; null: not known.';
COMMENT ON COLUMN kept_stopped.check_time IS 'When it is polled next.';

CREATE TABLE audit_entries (
    id             uuid NOT NULL
        CONSTRAINT audit_entries_pkey PRIMARY KEY,
    time           timestamptz NOT NULL DEFAULT clock_timestamp(),
    event          text NOT NULL
        CONSTRAINT audit_entries_event_check CHECK
            (event IN ('REQUESTED', 'REFUSED', 'VALIDATED', 'CALLED', 'ENDED', 'CANCEL_REQUESTED', 'DELETED', 'RELEASED')),
    verb           text NOT NULL
        CONSTRAINT audit_entries_verb_check CHECK (verb IN ('START', 'STOP')),
    user_name      text NOT NULL DEFAULT '',
    user_source    text NOT NULL
        CONSTRAINT audit_entries_user_source_check CHECK (user_source IN ('UNKNOWN', 'FORWARDED_HEADER', 'SYSTEM')),
    address        text NOT NULL DEFAULT '',
    user_agent     text NOT NULL DEFAULT '',
    reason         text NOT NULL DEFAULT '',
    request_id     text NOT NULL DEFAULT '',
    operation      text NOT NULL DEFAULT '',
    instance       text NOT NULL DEFAULT '',
    account        text NOT NULL DEFAULT '',
    provider_id    text NOT NULL DEFAULT '',
    display_name   text NOT NULL DEFAULT '',
    filter         text NOT NULL DEFAULT '',
    outcome        text NOT NULL DEFAULT '',
    outcome_reason text NOT NULL DEFAULT '',
    message        text NOT NULL DEFAULT '',
    instance_state text NOT NULL DEFAULT ''
);

CREATE INDEX audit_entries_instance_idx ON audit_entries (instance, id DESC);
CREATE INDEX audit_entries_operation_idx ON audit_entries (operation, id DESC);
CREATE INDEX audit_entries_time_idx ON audit_entries (time);

CREATE FUNCTION audit_entries_are_final() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are added, and never changed or removed'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_entries_are_final';
END
$$;

CREATE TRIGGER audit_entries_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_are_final();

COMMENT ON TABLE audit_entries IS 'Every request to start or stop, and its outcome. Rows are only added.';
COMMENT ON COLUMN audit_entries.id IS 'UUIDv7: ids grow with time.';
COMMENT ON COLUMN audit_entries.time IS 'When it happened, by the clock of the database.';
COMMENT ON COLUMN audit_entries.event IS 'The event.';
COMMENT ON COLUMN audit_entries.verb IS 'START or STOP.';
COMMENT ON COLUMN audit_entries.user_name IS 'The user who asked; empty: not known.';
COMMENT ON COLUMN audit_entries.user_source IS 'How the user is known.';
COMMENT ON COLUMN audit_entries.address IS 'The address of the caller.';
COMMENT ON COLUMN audit_entries.user_agent IS 'The user agent of the caller.';
COMMENT ON COLUMN audit_entries.reason IS 'The reason that the user gave.';
COMMENT ON COLUMN audit_entries.request_id IS 'The request id; empty: there was none.';
COMMENT ON COLUMN audit_entries.operation IS 'The id of the operation; empty: there was none. The operation may be deleted by now.';
COMMENT ON COLUMN audit_entries.instance IS 'The id of the instance in the inventory, or the name in the request if there is none.';
COMMENT ON COLUMN audit_entries.account IS 'The id of the account; empty: not known.';
COMMENT ON COLUMN audit_entries.provider_id IS 'The provider''s id of the instance.';
COMMENT ON COLUMN audit_entries.display_name IS 'The display name of the instance.';
COMMENT ON COLUMN audit_entries.filter IS 'The filter of the request; empty: the instances were named.';
COMMENT ON COLUMN audit_entries.outcome IS 'The final state, for ENDED.';
COMMENT ON COLUMN audit_entries.outcome_reason IS 'Why it was refused or failed, for programs.';
COMMENT ON COLUMN audit_entries.message IS 'The same for people.';
COMMENT ON COLUMN audit_entries.instance_state IS 'The state of the instance at that time.';
