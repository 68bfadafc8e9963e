-- How the connection to each account is going.
--
-- Online: a table of its own, so that no row of accounts is touched or
-- rewritten, programs that know only version 1 go on working, and the frequent
-- reports of discovery never lock or bloat what people edit. An account without
-- a row here was never tried: UNKNOWN. The foreign key asks for a short lock on
-- accounts, which only a running writer can hold up.

-- Rather fail, and be tried again, than hold up everyone behind a long writer.
SET LOCAL lock_timeout = '10s';

CREATE TABLE connections (
    account_id        text COLLATE "C" NOT NULL
        CONSTRAINT connections_pkey PRIMARY KEY
        CONSTRAINT connections_account_id_fkey REFERENCES accounts (id) ON DELETE CASCADE,
    outcome           text NOT NULL DEFAULT 'UNKNOWN'
        CONSTRAINT connections_outcome_check CHECK (outcome IN ('UNKNOWN', 'CONNECTED', 'DEGRADED', 'FAILED')),
    last_sync_time    timestamptz,
    last_success_time timestamptz,
    last_error        text NOT NULL DEFAULT '',
    reason            text
        CONSTRAINT connections_reason_check CHECK (reason IN (
            'CREDENTIALS_INVALID', 'CREDENTIALS_EXPIRED', 'PERMISSION_DENIED', 'ACCOUNT_MISMATCH',
            'THROTTLED', 'UNREACHABLE', 'API_DISABLED', 'INTERNAL')),
    remedy            text NOT NULL DEFAULT '',
    last_sync_run     text NOT NULL DEFAULT '',
    syncing_until     timestamptz,
    syncing_run       text NOT NULL DEFAULT '',
    fencing_token     bigint NOT NULL DEFAULT 0
        CONSTRAINT connections_fencing_token_check CHECK (fencing_token >= 0),

    CONSTRAINT connections_last_sync_time_check CHECK ((outcome = 'UNKNOWN') = (last_sync_time IS NULL)),
    CONSTRAINT connections_last_success_time_check CHECK (
        CASE WHEN last_success_time IS NULL THEN outcome <> 'CONNECTED'
             ELSE last_sync_time IS NOT NULL AND last_success_time <= last_sync_time END),
    CONSTRAINT connections_failure_check CHECK ((outcome IN ('DEGRADED', 'FAILED')) = (reason IS NOT NULL))
)
-- Reports rewrite the same few rows all day: room in the page lets them do so
-- without touching the index.
WITH (fillfactor = 50);

COMMENT ON TABLE connections IS
    'How the connection to each account is going, as discovery reports it. No row: never tried.';
COMMENT ON COLUMN connections.account_id IS 'The account.';
COMMENT ON COLUMN connections.outcome IS
    'What the last finished sync came to. The status that people see is SYNCING while syncing_until lies ahead.';
COMMENT ON COLUMN connections.last_sync_time IS 'When the last finished sync ended; null: none did.';
COMMENT ON COLUMN connections.last_success_time IS 'When the last sync that read every scope ended; null: none did.';
COMMENT ON COLUMN connections.last_error IS 'What went wrong in the last finished sync, for people. Never a secret.';
COMMENT ON COLUMN connections.reason IS 'Why, as the enum word of the contract; null: nothing went wrong.';
COMMENT ON COLUMN connections.remedy IS 'What to do about it, for people.';
COMMENT ON COLUMN connections.last_sync_run IS 'The run that outcome is of: the last part of syncRuns/{sync_run}.';
COMMENT ON COLUMN connections.syncing_until IS
    'The lease of the run that reported last, by this database''s clock; null: that run has ended.';
COMMENT ON COLUMN connections.syncing_run IS 'The run that holds the lease; empty when none does.';
COMMENT ON COLUMN connections.fencing_token IS 'The largest token of any report taken; reports with smaller ones are refused.';
