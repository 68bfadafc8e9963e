-- The change log, gaps, and absences that are not proven yet.

-- One row: the head of the log. A writer locks it last, just before it writes to the log, and keeps
-- the lock until the commit. So revisions are in commit order, without holes. A sequence would give
-- numbers to transactions that commit in another order.
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

COMMENT ON TABLE change_head IS 'One row: the end and the beginning of the change log.';
COMMENT ON COLUMN change_head.one IS 'Ensures that there is one row.';
COMMENT ON COLUMN change_head.log_id IS 'The identity of the log: a position in another log means nothing here.';
COMMENT ON COLUMN change_head.revision IS 'Revision of the last committed change; 0: none.';
COMMENT ON COLUMN change_head.time IS 'Time of that change. The next one is not before it.';
COMMENT ON COLUMN change_head.floor_revision IS 'Changes up to this revision are no longer kept; 0: all are kept.';
COMMENT ON COLUMN change_head.floor_time IS 'History reaches back to here.';

-- A change has the values before and after, as objects of the columns of instances. A past state is
-- the present row with the later changes undone, so that a first read writes a few bytes for each
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
    'The change log, in commit order, with a partition for each day. The service makes partitions ahead and drops them whole.';
COMMENT ON COLUMN changes.revision IS 'Position in the log: one more than that of the change committed before.';
COMMENT ON COLUMN changes.time IS 'When it was recorded. It never decreases from one revision to the next.';
COMMENT ON COLUMN changes.uid IS 'The instance (instances.uid).';
COMMENT ON COLUMN changes.type IS 'The type of the change, as the enum value of the contract.';
COMMENT ON COLUMN changes.observe_time IS 'When the observation that found it began.';
COMMENT ON COLUMN changes.was IS 'The columns of instances that changed, before the change; null: the instance did not exist.';
COMMENT ON COLUMN changes.became IS 'The same columns, after the change.';

-- Changes of days whose partition does not exist yet, or was dropped.
CREATE TABLE changes_default PARTITION OF changes DEFAULT;

COMMENT ON TABLE changes_default IS 'Changes of days that have no partition of their own.';

-- The first days. The service makes the partitions of later days.
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

-- The log begins with the existing instances, so that replaying it from the beginning gives the
-- inventory.
INSERT INTO changes (revision, time, uid, type, observe_time)
SELECT row_number() OVER (ORDER BY first_seen_time, uid), now(), uid, 'CREATED', first_seen_time FROM instances;

INSERT INTO change_head (revision, time, floor_revision, floor_time)
SELECT count(*), now(), 0, now() FROM instances;

-- Gaps that ended. The row of the scope has the gap that is still open.
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
    'Times in which a scope was not observed: an attempt failed, or none was made for twice its interval. No foreign key: gaps outlive the scope.';
COMMENT ON COLUMN observation_gaps.scope IS 'The scope (scopes.uid).';
COMMENT ON COLUMN observation_gaps.start_time IS 'The last complete observation before the gap.';
COMMENT ON COLUMN observation_gaps.end_time IS 'The first complete observation after the gap.';
COMMENT ON COLUMN observation_gaps.reason IS 'The reason, for programs: that of the first failed attempt, or NOT_OBSERVED.';
COMMENT ON COLUMN observation_gaps.error IS 'The reason, for people.';

-- Instances that are gone are deleted once none of their changes is left.
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
    -- An observation that ended may still not prove everything about the scope.
    ADD CONSTRAINT scopes_last_complete_time_check CHECK
        (CASE WHEN last_complete_time IS NULL THEN fence = 0 OR last_error_reason <> '' ELSE fence > 0 END);

-- The time of the first observation is not known: not after the last one.
UPDATE scopes SET first_complete_time = last_complete_time;

COMMENT ON COLUMN scopes.fence IS 'Fencing token of the last observation that ended; 0: none.';
COMMENT ON COLUMN scopes.last_complete_time IS
    'When it was last observed completely, with no instance missing that may exist; null: never.';
COMMENT ON COLUMN scopes.first_complete_time IS 'When it was first observed completely; null: never.';
COMMENT ON COLUMN scopes.sync_interval IS 'The time from one observation to the next, as last reported; null: not known.';
COMMENT ON COLUMN scopes.gap_reason IS 'Why the first attempt after the last complete observation failed, for programs; empty: none failed.';
COMMENT ON COLUMN scopes.gap_error IS 'The same for people.';
COMMENT ON COLUMN scopes.hold_fence IS
    'Token of the observation for which the scope is held, because most of it had vanished; null: it is not held.';
COMMENT ON COLUMN scopes.hold_time IS 'When that observation was made.';
COMMENT ON COLUMN scopes.hold_missing IS 'How many instances were missing in it (see absences).';
COMMENT ON COLUMN scopes.hold_of IS 'How many instances the scope had before.';
COMMENT ON COLUMN scopes.api_budgets IS 'The rate limits of the provider''s APIs after the last observation, in the contract''s JSON form.';

-- The missing instances of a held scope. They are marked as gone when the next complete observation
-- misses them too, or a person confirms it.
CREATE TABLE absences (
    scope uuid NOT NULL
        CONSTRAINT absences_scope_fkey REFERENCES scopes (uid) ON DELETE CASCADE,
    uid   uuid NOT NULL,

    CONSTRAINT absences_pkey PRIMARY KEY (scope, uid)
);

COMMENT ON TABLE absences IS 'The missing instances of the observation for which a scope is held.';
COMMENT ON COLUMN absences.scope IS 'The scope.';
COMMENT ON COLUMN absences.uid IS 'The instance (instances.uid).';
