-- Sync runs: when each account is due, and the outcome of each run.

-- One order for everything that discovery reports. A sequence grows across processes, and a
-- transaction that fails does not set it back.
CREATE SEQUENCE fencing_token_seq AS bigint;

COMMENT ON SEQUENCE fencing_token_seq IS
    'Fencing tokens of runs and of scope reads: of two observations the one with the larger token began later.';

CREATE TABLE schedules (
    account            text COLLATE "C" NOT NULL
        CONSTRAINT schedules_pkey PRIMARY KEY,
    update_time        timestamptz NOT NULL,
    sync_interval      interval
        CONSTRAINT schedules_sync_interval_check CHECK (sync_interval > interval '0'),
    paused             boolean NOT NULL,
    next_sync_time     timestamptz NOT NULL,
    abandoned_in_a_row integer NOT NULL DEFAULT 0
        CONSTRAINT schedules_abandoned_in_a_row_check CHECK (abandoned_in_a_row >= 0),
    missing_since      timestamptz
);

CREATE INDEX schedules_next_sync_time_idx ON schedules (next_sync_time) WHERE NOT paused AND missing_since IS NULL;
CREATE INDEX schedules_update_time_idx ON schedules (update_time);

COMMENT ON TABLE schedules IS
    'A row for each account that discovery knows: when its next sync is due. The accounts service owns accounts; this table follows it.';
COMMENT ON COLUMN schedules.account IS 'The account''s id, the last part of accounts/{account}.';
COMMENT ON COLUMN schedules.update_time IS 'The account''s update_time when it was last seen; a newer one makes it due at once.';
COMMENT ON COLUMN schedules.sync_interval IS 'The account''s own interval; null: the process''s default.';
COMMENT ON COLUMN schedules.paused IS 'Whether the schedule skips it.';
COMMENT ON COLUMN schedules.next_sync_time IS 'When the next sync is due, jitter included.';
COMMENT ON COLUMN schedules.abandoned_in_a_row IS
    'How many of its runs in a row lost their worker. The account itself may cause that, so it waits longer each time.';
COMMENT ON COLUMN schedules.missing_since IS
    'When the accounts service was first found not to have it; null: it has it. The inventory removes the account once no worker can still read it.';

CREATE TABLE sync_runs (
    id             uuid NOT NULL
        CONSTRAINT sync_runs_pkey PRIMARY KEY,
    account        text COLLATE "C" NOT NULL,
    state          text NOT NULL
        CONSTRAINT sync_runs_state_check
            CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'DEGRADED', 'FAILED', 'ABANDONED')),
    trigger        text NOT NULL
        CONSTRAINT sync_runs_trigger_check CHECK (trigger IN ('SCHEDULE', 'REQUEST')),
    revision       bigint NOT NULL DEFAULT 1,
    job_id         bigint,
    worker         text NOT NULL DEFAULT '',
    fencing_token  bigint
        CONSTRAINT sync_runs_fencing_token_check CHECK (fencing_token > 0),
    lease_time     timestamptz,
    create_time    timestamptz NOT NULL DEFAULT now(),
    start_time     timestamptz,
    read_time      timestamptz,
    end_time       timestamptz,
    instances_seen bigint NOT NULL DEFAULT 0,
    scopes_total   integer NOT NULL DEFAULT 0,
    scopes_done    integer NOT NULL DEFAULT 0,
    scopes_failed  integer NOT NULL DEFAULT 0,
    error          text NOT NULL DEFAULT '',
    error_reason   text NOT NULL DEFAULT '',
    remedy         text NOT NULL DEFAULT '',

    CONSTRAINT sync_runs_running_check CHECK
        (state <> 'RUNNING' OR (fencing_token IS NOT NULL AND lease_time IS NOT NULL AND start_time IS NOT NULL)),
    CONSTRAINT sync_runs_end_time_check CHECK
        ((end_time IS NULL) = (state IN ('QUEUED', 'RUNNING'))),
    CONSTRAINT sync_runs_scopes_check CHECK
        (scopes_failed BETWEEN 0 AND scopes_done AND scopes_done <= scopes_total)
);

-- An account is read by one run at a time. River's own uniqueness does not ensure it, because the
-- job of a dead worker stays "running" in River for long.
CREATE UNIQUE INDEX sync_runs_active_key ON sync_runs (account) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX sync_runs_active_idx ON sync_runs (state, lease_time) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX sync_runs_account_idx ON sync_runs (account, id DESC);
CREATE INDEX sync_runs_end_time_idx ON sync_runs (end_time);

COMMENT ON TABLE sync_runs IS 'A row for each sync of an account. The job in River only brings it to a worker.';
COMMENT ON COLUMN sync_runs.id IS 'UUIDv7: ids grow with time.';
COMMENT ON COLUMN sync_runs.account IS 'The account''s id.';
COMMENT ON COLUMN sync_runs.state IS 'QUEUED, then RUNNING, then one of the final states.';
COMMENT ON COLUMN sync_runs.trigger IS 'The cause of the run.';
COMMENT ON COLUMN sync_runs.revision IS 'Grows with every change of the run or its scopes. Watchers compare it.';
COMMENT ON COLUMN sync_runs.job_id IS 'The job in river_job that brings it to a worker.';
COMMENT ON COLUMN sync_runs.worker IS 'The process that claimed it, for people.';
COMMENT ON COLUMN sync_runs.fencing_token IS 'The fencing token of its worker. Every later report carries it.';
COMMENT ON COLUMN sync_runs.lease_time IS 'The end of the lease, unless the worker renews it.';
COMMENT ON COLUMN sync_runs.create_time IS 'When it was queued, by the clock of the database, as all times here.';
COMMENT ON COLUMN sync_runs.start_time IS 'When a worker claimed it.';
COMMENT ON COLUMN sync_runs.read_time IS
    'When the last scope was read, shortly before the run ends. A request for a sync after that gets a new run.';
COMMENT ON COLUMN sync_runs.end_time IS 'When it ended.';
COMMENT ON COLUMN sync_runs.instances_seen IS 'Instances observed in all its scopes so far.';
COMMENT ON COLUMN sync_runs.scopes_total IS 'How many scopes it has.';
COMMENT ON COLUMN sync_runs.scopes_done IS 'How many of them ended, with or without a failure.';
COMMENT ON COLUMN sync_runs.scopes_failed IS 'How many of them failed.';
COMMENT ON COLUMN sync_runs.error IS 'Why the run failed, for people; empty: it did not.';
COMMENT ON COLUMN sync_runs.error_reason IS 'The same for programs: a value of rollcall.common.v1.ErrorReason.';
COMMENT ON COLUMN sync_runs.remedy IS 'The remedy, for people.';

CREATE TABLE sync_run_scopes (
    run            uuid NOT NULL
        CONSTRAINT sync_run_scopes_run_fkey REFERENCES sync_runs (id) ON DELETE CASCADE,
    kind           text COLLATE "C" NOT NULL
        CONSTRAINT sync_run_scopes_kind_check CHECK (kind IN ('VIRTUAL_MACHINE', 'DATABASE')),
    location       text COLLATE "C" NOT NULL,
    state          text NOT NULL
        CONSTRAINT sync_run_scopes_state_check CHECK (state IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED')),
    start_time     timestamptz,
    end_time       timestamptz,
    instances_seen bigint NOT NULL DEFAULT 0,
    created        bigint NOT NULL DEFAULT 0,
    changed        bigint NOT NULL DEFAULT 0,
    gone           bigint NOT NULL DEFAULT 0,
    reappeared     bigint NOT NULL DEFAULT 0,
    requests       integer NOT NULL DEFAULT 0,
    throttled      integer NOT NULL DEFAULT 0,
    error          text NOT NULL DEFAULT '',
    error_reason   text NOT NULL DEFAULT '',

    CONSTRAINT sync_run_scopes_pkey PRIMARY KEY (run, kind, location)
);

COMMENT ON TABLE sync_run_scopes IS 'A row for each scope of a run: its outcome.';
COMMENT ON COLUMN sync_run_scopes.run IS 'The run.';
COMMENT ON COLUMN sync_run_scopes.kind IS 'The kind of the instances.';
COMMENT ON COLUMN sync_run_scopes.location IS 'The region (AWS) or zone (Google Cloud).';
COMMENT ON COLUMN sync_run_scopes.state IS 'PENDING, RUNNING, then SUCCEEDED or FAILED.';
COMMENT ON COLUMN sync_run_scopes.start_time IS 'Just before the first call to the provider, by the clock of the worker.';
COMMENT ON COLUMN sync_run_scopes.end_time IS 'When it ended, by the clock of the worker.';
COMMENT ON COLUMN sync_run_scopes.instances_seen IS 'Instances observed so far.';
COMMENT ON COLUMN sync_run_scopes.created IS 'Instances that were new to the inventory.';
COMMENT ON COLUMN sync_run_scopes.changed IS 'Instances that changed.';
COMMENT ON COLUMN sync_run_scopes.gone IS 'Instances that were marked as gone.';
COMMENT ON COLUMN sync_run_scopes.reappeared IS 'Instances that were gone and reappeared.';
COMMENT ON COLUMN sync_run_scopes.requests IS 'Calls to the provider, including repeated ones.';
COMMENT ON COLUMN sync_run_scopes.throttled IS 'Calls that the provider throttled.';
COMMENT ON COLUMN sync_run_scopes.error IS 'Why it failed, for people.';
COMMENT ON COLUMN sync_run_scopes.error_reason IS 'The same for programs.';
