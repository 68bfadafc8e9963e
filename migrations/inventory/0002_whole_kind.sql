-- The scope - may stand for all of one kind in an account, beside the one that
-- stands for the whole account: a cloud's API for one kind may be switched off
-- before any location of it was known.
ALTER TABLE scopes DROP CONSTRAINT scopes_whole_account_check;
ALTER TABLE scopes ADD CONSTRAINT scopes_whole_account_check CHECK (kind <> 'KIND_UNSPECIFIED' OR location = '-');

COMMENT ON COLUMN scopes.kind IS 'What sort of instances; KIND_UNSPECIFIED only for the location -.';
COMMENT ON COLUMN scopes.location IS
    'The region (AWS) or zone (Google Cloud); - stands for all of an account, or of one kind in it, of which no location could be looked at yet.';
