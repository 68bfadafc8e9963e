-- The log of changes, what was not observed, and what is not believed yet.

-- One row: the head of the log. Whoever writes changes takes its lock last, just
-- before the rows of the log, and keeps it until the commit: so revisions are in
-- the order of commits, without holes. A sequence would hand numbers out to
-- transactions that commit in another order.
CREATE TABLE change_head (
    one            boolean NOT NULL DEFAULT true
        CONSTRAINT change_head_pkey PRIMARY KEY
        CONSTRAINT change_head_one_check CHECK (one),
    log_id         uuid NOT NULL DEFAULT gen_random_uuid(),
    revision       bigint NOT NULL
        CONSTRAINT change_head_revision_check CHECK (revision >= floor_revision),
    time           timestamptz NOT NULL,
    floor_revision bigint NOT NULL
        CONSTRAINT change_head_floor_revision_check CHECK (floor_revision >= 0),
    floor_time     timestamptz NOT NULL
        CONSTRAINT change_head_floor_time_check CHECK (floor_time <= time)
)
WITH (fillfactor = 10, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

COMMENT ON TABLE change_head IS 'One row: where the log of changes ends and where it begins.';
COMMENT ON COLUMN change_head.one IS 'There is one row.';
COMMENT ON COLUMN change_head.log_id IS 'Which log this is: a place in another one means nothing here.';
COMMENT ON COLUMN change_head.revision IS 'Revision of the last change that was committed; 0: there is none.';
COMMENT ON COLUMN change_head.time IS 'Time of that change; the next one is not before it.';
COMMENT ON COLUMN change_head.floor_revision IS 'Changes up to this one are no longer kept; 0: all are.';
COMMENT ON COLUMN change_head.floor_time IS 'History reaches back to here.';

-- The log says of each change what it took away and what it put there, as an
-- object of the columns of instances. A state of the past is the present row with
-- the changes since then undone, so that a first read writes a few bytes an
-- instance and not a second copy.
CREATE TABLE changes (
    revision     bigint NOT NULL
        CONSTRAINT changes_revision_check CHECK (revision > 0),
    time         timestamptz NOT NULL,
    uid          uuid NOT NULL,
    type         text COLLATE "C" NOT NULL
        CONSTRAINT changes_type_check CHECK (type IN ('CREATED', 'CHANGED', 'GONE', 'REAPPEARED')),
    observe_time timestamptz NOT NULL,
    was          jsonb,
    became       jsonb,

    CONSTRAINT changes_was_check CHECK ((was IS NULL) = (type = 'CREATED') AND (became IS NULL) = (type = 'CREATED'))
)
PARTITION BY RANGE (time);

CREATE INDEX changes_revision_idx ON changes (revision);
CREATE INDEX changes_uid_idx ON changes (uid, revision);

COMMENT ON TABLE changes IS
    'The log of changes, in the order of their commits, a partition a day. Partitions are made ahead and dropped whole by the service.';
COMMENT ON COLUMN changes.revision IS 'Place in the log: one more than that of the change committed before.';
COMMENT ON COLUMN changes.time IS 'When the roll took it in; never goes back from one revision to the next.';
COMMENT ON COLUMN changes.uid IS 'The instance (instances.uid).';
COMMENT ON COLUMN changes.type IS 'What happened, as the enum word of the contract.';
COMMENT ON COLUMN changes.observe_time IS 'When the observation that found it was made.';
COMMENT ON COLUMN changes.was IS 'The columns of instances that changed, as they were; null: it was not there.';
COMMENT ON COLUMN changes.became IS 'The same columns, as they became.';

-- What comes before its partition was made, or after one was forgotten.
CREATE TABLE changes_default PARTITION OF changes DEFAULT;

COMMENT ON TABLE changes_default IS 'Changes of days that have no partition of their own.';

-- The first days; from then on the service makes them.
DO $$
DECLARE
    begins timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
BEGIN
    FOR n IN 0..3 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF changes FOR VALUES FROM (%L) TO (%L)',
            'changes_' || to_char(begins AT TIME ZONE 'UTC', 'YYYYMMDD'), begins, begins + interval '24 hours');
        begins := begins + interval '24 hours';
    END LOOP;
END
$$;

-- What is on the roll already begins the log, so that replayed from its beginning
-- it gives the roll.
INSERT INTO changes (revision, time, uid, type, observe_time)
SELECT row_number() OVER (ORDER BY first_seen_time, uid), now(), uid, 'CREATED', first_seen_time FROM instances;

INSERT INTO change_head (revision, time, floor_revision, floor_time)
SELECT count(*), now(), 0, now() FROM instances;

-- Times in which a scope was out of sight and that are over. One that goes on is
-- told by the row of the scope.
CREATE TABLE observation_gaps (
    scope      uuid NOT NULL,
    start_time timestamptz NOT NULL,
    end_time   timestamptz NOT NULL
        CONSTRAINT observation_gaps_end_time_check CHECK (end_time > start_time),
    reason     text COLLATE "C" NOT NULL
        CONSTRAINT observation_gaps_reason_check CHECK (reason <> ''),
    error      text NOT NULL DEFAULT '',

    CONSTRAINT observation_gaps_pkey PRIMARY KEY (scope, start_time)
);

CREATE INDEX observation_gaps_end_time_idx ON observation_gaps (end_time);

COMMENT ON TABLE observation_gaps IS
    'Times in which a scope was not observed: a try failed, or none was made for twice its interval. No foreign key: they outlive the scope.';
COMMENT ON COLUMN observation_gaps.scope IS 'The scope (scopes.uid).';
COMMENT ON COLUMN observation_gaps.start_time IS 'The last complete observation before.';
COMMENT ON COLUMN observation_gaps.end_time IS 'The first complete observation after.';
COMMENT ON COLUMN observation_gaps.reason IS 'Why, for programs: that of the first failed try, or NOT_OBSERVED.';
COMMENT ON COLUMN observation_gaps.error IS 'Why, for people.';

-- What was gone for so long that its changes are forgotten is forgotten too.
CREATE INDEX instances_gone_time_idx ON instances (gone_time) WHERE gone_time IS NOT NULL;

ALTER TABLE scopes
    ADD COLUMN first_complete_time timestamptz,
    ADD COLUMN sync_interval interval
        CONSTRAINT scopes_sync_interval_check CHECK (sync_interval > interval '0'),
    ADD COLUMN gap_reason text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN gap_error text NOT NULL DEFAULT '',
    ADD COLUMN hold_fence bigint,
    ADD COLUMN hold_time timestamptz,
    ADD COLUMN hold_missing bigint,
    ADD COLUMN hold_of bigint,
    ADD COLUMN api_budgets jsonb NOT NULL DEFAULT '[]'
        CONSTRAINT scopes_api_budgets_check CHECK (jsonb_typeof(api_budgets) = 'array'),
    ADD CONSTRAINT scopes_hold_check CHECK
        (num_nulls(hold_fence, hold_time, hold_missing, hold_of) IN (0, 4)),
    ADD CONSTRAINT scopes_hold_missing_check CHECK (hold_missing > 0),
    DROP CONSTRAINT scopes_last_complete_time_check,
    -- One that came to its end may still not vouch for all of the scope.
    ADD CONSTRAINT scopes_last_complete_time_check CHECK
        (CASE WHEN last_complete_time IS NULL THEN fence = 0 OR last_error_reason <> '' ELSE fence > 0 END);

-- When it was first observed nobody wrote down: not after the last time.
UPDATE scopes SET first_complete_time = last_complete_time;

COMMENT ON COLUMN scopes.fence IS 'Fencing token of the last observation that came to its end; 0: never.';
COMMENT ON COLUMN scopes.last_complete_time IS
    'When it was last observed to the end and nothing was missing that may be there; null: never.';
COMMENT ON COLUMN scopes.first_complete_time IS 'When it was first observed to the end; null: never.';
COMMENT ON COLUMN scopes.sync_interval IS 'How long after one observation the next is due, as last told; null: not known.';
COMMENT ON COLUMN scopes.gap_reason IS 'Why the first try after the last complete observation failed, for programs; empty: none has failed.';
COMMENT ON COLUMN scopes.gap_error IS 'The same for people.';
COMMENT ON COLUMN scopes.hold_fence IS
    'Token of the observation that the scope is held for, because most of it had vanished; null: it is not held.';
COMMENT ON COLUMN scopes.hold_time IS 'When that observation was made.';
COMMENT ON COLUMN scopes.hold_missing IS 'How many instances it lacked (see absences).';
COMMENT ON COLUMN scopes.hold_of IS 'Of how many that were there before.';
COMMENT ON COLUMN scopes.api_budgets IS 'The limits of the cloud''s APIs as the last reading left them, in the contract''s JSON form.';

-- What a held scope lacks: marked as gone when the next complete observation
-- lacks it too, or a person says so.
CREATE TABLE absences (
    scope uuid NOT NULL
        CONSTRAINT absences_scope_fkey REFERENCES scopes (uid) ON DELETE CASCADE,
    uid   uuid NOT NULL,

    CONSTRAINT absences_pkey PRIMARY KEY (scope, uid)
);

COMMENT ON TABLE absences IS 'The instances that the observation lacked for which a scope is held.';
COMMENT ON COLUMN absences.scope IS 'The scope.';
COMMENT ON COLUMN absences.uid IS 'The instance (instances.uid).';
