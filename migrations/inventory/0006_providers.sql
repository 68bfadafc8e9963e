-- The clouds are listed by the program alone (services/internal/cloud/registry), so that a new
-- cloud needs no migration, and no rule about the names of zones is repeated in SQL: the program
-- stores the region of a scope.
--
-- Online: the new rule is weaker than the old one, so every row keeps it; 0008 validates it
-- without a strong lock. The column keeps its values and is not rewritten. A program that
-- knows only version 5 inserts scopes with an empty region, which counts as every region.

-- Fail and be tried again rather than hold up everyone behind a long reader.
SET LOCAL lock_timeout = '10s';

ALTER TABLE scopes
    DROP CONSTRAINT scopes_provider_check,
    ADD CONSTRAINT scopes_provider_check CHECK (provider <> '') NOT VALID,
    ALTER COLUMN region DROP EXPRESSION,
    ALTER COLUMN region SET DEFAULT '';

-- The generated column took a zone of more than one letter (us-central1-ai1a) for a region.
UPDATE scopes SET region = substring(location FROM '^(.+[0-9])-[a-z0-9]+$')
WHERE provider = 'GCP' AND region = location AND location ~ '^[a-z]+(-[a-z]+)+[0-9]+-[a-z0-9]+$';

COMMENT ON COLUMN scopes.location IS
    'The region or the zone, whichever the cloud''s listings cover; - stands for all of an account, or of one kind in it, of which no location could be read yet.';
COMMENT ON COLUMN scopes.region IS
    'The region of the location, by the rule of the cloud; empty: not known. A filter on a region looks for it.';
