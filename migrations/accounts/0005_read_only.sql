-- Accounts in which nothing is started or stopped.
--
-- Online: a column with a constant default rewrites no row.

-- Rather fail, and be tried again, than hold up everyone behind a long reader.
SET LOCAL lock_timeout = '10s';

ALTER TABLE accounts ADD COLUMN read_only boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN accounts.read_only IS 'Whether starts and stops in it are refused for every caller.';
