-- Scopes that are held, and how fast each API of a cloud may be called.

ALTER TABLE sync_run_scopes
    ADD COLUMN missing bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT sync_run_scopes_state_check,
    ADD CONSTRAINT sync_run_scopes_state_check CHECK (state IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'HELD'));

COMMENT ON COLUMN sync_run_scopes.state IS 'PENDING, RUNNING, then SUCCEEDED, FAILED or HELD: it was read, and the deletion of missing instances is not proven yet.';
COMMENT ON COLUMN sync_run_scopes.missing IS 'Instances that are missing and not marked as gone.';

ALTER TABLE schedules
    ADD COLUMN held_in_a_row integer NOT NULL DEFAULT 0
        CONSTRAINT schedules_held_in_a_row_check CHECK (held_in_a_row >= 0);

ALTER TABLE schedules
    ADD COLUMN slow boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN schedules.slow IS
    'Whether its last run waited long for a provider that did not answer. Such accounts share a few workers.';
COMMENT ON COLUMN schedules.held_in_a_row IS
    'How many of its runs in a row had a held scope. The first time the account is due again soon, and later each time.';

-- Unlogged: it is written often, and rates that a crash loses are learned again.
CREATE UNLOGGED TABLE api_budgets (
    account       text COLLATE "C" NOT NULL,
    location      text COLLATE "C" NOT NULL,
    api           text COLLATE "C" NOT NULL,
    rate          double precision NOT NULL
        CONSTRAINT api_budgets_rate_check CHECK (rate > 0 AND rate <= max_rate),
    max_rate      double precision NOT NULL
        CONSTRAINT api_budgets_max_rate_check CHECK (max_rate > 0),
    tokens        double precision NOT NULL,
    refill_time   timestamptz NOT NULL DEFAULT now(),
    throttle_time timestamptz,
    throttled     bigint NOT NULL DEFAULT 0
        CONSTRAINT api_budgets_throttled_check CHECK (throttled >= 0),

    CONSTRAINT api_budgets_pkey PRIMARY KEY (account, location, api)
)
WITH (fillfactor = 50);

COMMENT ON TABLE api_budgets IS
    'A token bucket for each account, location and API. Every call to a provider takes a token. The rate halves when the provider throttles, and grows slowly while it does not.';
COMMENT ON COLUMN api_budgets.account IS 'The account''s id.';
COMMENT ON COLUMN api_budgets.location IS 'The region, or global.';
COMMENT ON COLUMN api_budgets.api IS 'The API, such as ec2 or compute.';
COMMENT ON COLUMN api_budgets.rate IS 'Calls allowed each second at present.';
COMMENT ON COLUMN api_budgets.max_rate IS 'The upper limit of the rate. The rest of the provider''s limit is left to the account''s own users.';
COMMENT ON COLUMN api_budgets.tokens IS 'Calls that may be made at once; below 0: they were taken in advance.';
COMMENT ON COLUMN api_budgets.refill_time IS 'When the tokens were last computed.';
COMMENT ON COLUMN api_budgets.throttle_time IS 'When the cloud last throttled a call; null: never.';
COMMENT ON COLUMN api_budgets.throttled IS 'How many calls it has throttled.';
