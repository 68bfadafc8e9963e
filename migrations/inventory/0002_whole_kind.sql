-- The scope - may stand for one kind in an account, beside the one that stands for the whole
-- account: the API for one kind may be disabled before any location was known.
ALTER TABLE scopes DROP CONSTRAINT scopes_whole_account_check;
ALTER TABLE scopes ADD CONSTRAINT scopes_whole_account_check CHECK (kind <> 'KIND_UNSPECIFIED' OR location = '-');

COMMENT ON COLUMN scopes.kind IS 'The kind of the instances; KIND_UNSPECIFIED only for the location -.';
COMMENT ON COLUMN scopes.location IS
    'The region (AWS) or zone (Google Cloud); - stands for an account, or for one kind in it, of which no location could be read yet.';
