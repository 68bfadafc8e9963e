-- Starts and stops: operations, the instances that each works on, what is kept
-- stopped, and the audit.
--
-- Online: new tables alone.

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

COMMENT ON TABLE operations IS 'One row a start or stop that was asked for; what River holds is only the way to a worker.';
COMMENT ON COLUMN operations.id IS 'UUIDv7: ids grow with time.';
COMMENT ON COLUMN operations.verb IS 'What was asked.';
COMMENT ON COLUMN operations.batch IS 'Whether it was asked as a batch: one that has instances that failed has ended well.';
COMMENT ON COLUMN operations.state IS 'QUEUED, then RUNNING, then ENDED for good; QUEUED again when its worker died or stopped.';
COMMENT ON COLUMN operations.user_name IS 'Who asked; empty when nothing told.';
COMMENT ON COLUMN operations.user_source IS 'How that came to be known.';
COMMENT ON COLUMN operations.address IS 'Where the call came from.';
COMMENT ON COLUMN operations.user_agent IS 'The program that called, as it calls itself.';
COMMENT ON COLUMN operations.reason IS 'Why, in the words of who asked.';
COMMENT ON COLUMN operations.request_id IS 'The request''s own id (AIP-155): a repetition finds its operation by it.';
COMMENT ON COLUMN operations.request_hash IS 'A hash of the request, so that another one with the same id is told.';
COMMENT ON COLUMN operations.filter IS 'What the instances were chosen by; empty when they were named.';
COMMENT ON COLUMN operations.keep_stopped IS 'Whether what it stops is to be stopped again when it starts by itself.';
COMMENT ON COLUMN operations.max_parallel IS 'How many instances are worked on at the same time.';
COMMENT ON COLUMN operations.oldest_observe_time IS 'With a filter: the oldest observation behind the choice; null: none.';
COMMENT ON COLUMN operations.unreachable IS 'With a filter: the scopes that could not be vouched for.';
COMMENT ON COLUMN operations.revision IS 'Grows with every change of the operation or its targets: watchers look at this.';
COMMENT ON COLUMN operations.job_id IS 'The job in river_job that brings it to a worker.';
COMMENT ON COLUMN operations.worker IS 'The process that took it, for people.';
COMMENT ON COLUMN operations.fencing_token IS 'Proof of being its worker: every write about it carries this.';
COMMENT ON COLUMN operations.lease_time IS 'Until when its worker is taken to be alive, unless it says so again.';
COMMENT ON COLUMN operations.queue_time IS 'When it was last queued, by this database''s clock, as all times here.';
COMMENT ON COLUMN operations.create_time IS 'When it was asked for.';
COMMENT ON COLUMN operations.start_time IS 'When a worker first took it.';
COMMENT ON COLUMN operations.end_time IS 'When its last target ended.';
COMMENT ON COLUMN operations.deadline IS 'When it ends at the latest.';
COMMENT ON COLUMN operations.cancel_time IS 'When someone asked to cancel it: from then on no call goes out.';

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

-- One instance, or the larger thing that it goes with, is worked on by one
-- operation at a time.
CREATE UNIQUE INDEX operation_targets_exclusive_key ON operation_targets (account, exclusive)
    WHERE state IN ('PENDING', 'CHECKING', 'CALLED', 'WAITING');
CREATE INDEX operation_targets_instance_idx ON operation_targets (instance);
CREATE INDEX operation_targets_account_idx ON operation_targets (account);

COMMENT ON TABLE operation_targets IS 'One row an instance of an operation: where it is, and all that a worker must know to go on with it.';
COMMENT ON COLUMN operation_targets.operation IS 'The operation.';
COMMENT ON COLUMN operation_targets.place IS 'Its place in the order in which they were given or found.';
COMMENT ON COLUMN operation_targets.instance IS 'The instance''s id on the roll.';
COMMENT ON COLUMN operation_targets.account IS 'The account''s id.';
COMMENT ON COLUMN operation_targets.provider IS 'The cloud.';
COMMENT ON COLUMN operation_targets.kind IS 'What sort of thing it is.';
COMMENT ON COLUMN operation_targets.location IS 'The location of its scope.';
COMMENT ON COLUMN operation_targets.provider_id IS 'The id that the cloud gave it.';
COMMENT ON COLUMN operation_targets.provider_uri IS 'The cloud''s address of it.';
COMMENT ON COLUMN operation_targets.display_name IS 'What people call it.';
COMMENT ON COLUMN operation_targets.zone IS 'The zone that it is in.';
COMMENT ON COLUMN operation_targets.etag IS 'What the caller took it to be; empty: they did not say.';
COMMENT ON COLUMN operation_targets.state IS 'CALLED is written before the call goes out.';
COMMENT ON COLUMN operation_targets.exclusive IS 'What nobody else may work on meanwhile; null when another target of the operation stands for it.';
COMMENT ON COLUMN operation_targets.unit IS 'The larger thing that the call is made on; empty: the instance alone.';
COMMENT ON COLUMN operation_targets.key IS 'The key of its call, for clouds that know requests by one.';
COMMENT ON COLUMN operation_targets.already IS 'Whether it was in the wanted state before anything was done.';
COMMENT ON COLUMN operation_targets.from_state IS 'The state before; empty until it was looked at.';
COMMENT ON COLUMN operation_targets.current_state IS 'The state as last seen.';
COMMENT ON COLUMN operation_targets.provider_state IS 'The cloud''s own word for it.';
COMMENT ON COLUMN operation_targets.observe_time IS 'When it was last seen.';
COMMENT ON COLUMN operation_targets.calls IS 'How many calls were made, or were about to be, that can change something.';
COMMENT ON COLUMN operation_targets.call_time IS 'Just before the last of them.';
COMMENT ON COLUMN operation_targets.reference IS 'The cloud''s own name of what it does about it.';
COMMENT ON COLUMN operation_targets.refusal_reason IS 'Why it failed, for programs; empty when it did not.';
COMMENT ON COLUMN operation_targets.refusal_message IS 'The same for people.';
COMMENT ON COLUMN operation_targets.refusal_remedy IS 'What to do about it.';
COMMENT ON COLUMN operation_targets.refusal_transient IS 'Whether the same may well go through soon.';
COMMENT ON COLUMN operation_targets.notes IS 'What else happens, a sentence each.';
COMMENT ON COLUMN operation_targets.steps IS 'What was done: an array of {time, state, text}.';
COMMENT ON COLUMN operation_targets.revision IS 'The operation''s revision when it last changed.';

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

COMMENT ON TABLE kept_stopped IS 'Instances to be stopped again when they start by themselves, until someone starts them.';
COMMENT ON COLUMN kept_stopped.instance IS 'The instance''s id on the roll.';
COMMENT ON COLUMN kept_stopped.account IS 'The account''s id.';
COMMENT ON COLUMN kept_stopped.operation IS 'The operation that last stopped it.';
COMMENT ON COLUMN kept_stopped.user_name IS 'Who wanted it so; empty when nothing told.';
COMMENT ON COLUMN kept_stopped.reason IS 'Why, in their words.';
COMMENT ON COLUMN kept_stopped.stop_time IS 'When it was last seen to be stopped for them.';
COMMENT ON COLUMN kept_stopped.auto_restart_time IS 'When the cloud starts it by itself; null: not known.';
COMMENT ON COLUMN kept_stopped.check_time IS 'When it is looked at next.';

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

COMMENT ON TABLE audit_entries IS 'Who asked for what to be started and stopped, and what came of it. Only ever added to.';
COMMENT ON COLUMN audit_entries.id IS 'UUIDv7: ids grow with time.';
COMMENT ON COLUMN audit_entries.time IS 'When, by this database''s clock.';
COMMENT ON COLUMN audit_entries.event IS 'What happened.';
COMMENT ON COLUMN audit_entries.verb IS 'What was asked for.';
COMMENT ON COLUMN audit_entries.user_name IS 'Who asked; empty when nothing told.';
COMMENT ON COLUMN audit_entries.user_source IS 'How that came to be known.';
COMMENT ON COLUMN audit_entries.address IS 'Where the call came from.';
COMMENT ON COLUMN audit_entries.user_agent IS 'The program that called, as it calls itself.';
COMMENT ON COLUMN audit_entries.reason IS 'Why, in the words of who asked.';
COMMENT ON COLUMN audit_entries.request_id IS 'The request''s own id; empty when it had none.';
COMMENT ON COLUMN audit_entries.operation IS 'The operation''s id; empty when none came of it. It may be forgotten by now.';
COMMENT ON COLUMN audit_entries.instance IS 'The instance''s id on the roll, or what was asked for when there is none.';
COMMENT ON COLUMN audit_entries.account IS 'The account''s id; empty when it is not known.';
COMMENT ON COLUMN audit_entries.provider_id IS 'The id that the cloud gave the instance.';
COMMENT ON COLUMN audit_entries.display_name IS 'What people call the instance.';
COMMENT ON COLUMN audit_entries.filter IS 'What the instances were asked for by; empty when they were named.';
COMMENT ON COLUMN audit_entries.outcome IS 'How it ended, for ENDED.';
COMMENT ON COLUMN audit_entries.outcome_reason IS 'Why it was refused or failed, for programs.';
COMMENT ON COLUMN audit_entries.message IS 'The same for people.';
COMMENT ON COLUMN audit_entries.instance_state IS 'The state of the instance by then.';
