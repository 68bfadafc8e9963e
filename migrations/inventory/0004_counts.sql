-- How many instances there are, by what most questions count and filter by, so
-- that a total or a count of a large roll reads some thousand rows and not all.
CREATE TABLE instance_counts (
    scope    uuid NOT NULL,
    facet    text COLLATE "C" NOT NULL
        CONSTRAINT instance_counts_facet_check CHECK (facet IN ('zone', 'state', 'machine_type')),
    value    text COLLATE "C" NOT NULL,
    region   text COLLATE "C" NOT NULL,
    account  text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    count    bigint NOT NULL
        CONSTRAINT instance_counts_count_check CHECK (count >= 0),

    CONSTRAINT instance_counts_pkey PRIMARY KEY (scope, facet, value, region)
)
WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1);

CREATE INDEX instance_counts_facet_idx ON instance_counts (facet, value, account);
CREATE INDEX instance_counts_account_idx ON instance_counts (account, facet);

COMMENT ON TABLE instance_counts IS
    'Instances in each scope and region, gone ones left out, counted once by each facet. Kept by whoever writes instances, in the same transaction and under the lock of the scope. No foreign key, for the reason that instances has none.';
COMMENT ON COLUMN instance_counts.scope IS 'The scope (scopes.uid).';
COMMENT ON COLUMN instance_counts.facet IS 'The column of instances that it is counted by.';
COMMENT ON COLUMN instance_counts.value IS 'The value of that column.';
COMMENT ON COLUMN instance_counts.region IS 'The region of the instances.';
COMMENT ON COLUMN instance_counts.account IS 'The bare id of the account.';
COMMENT ON COLUMN instance_counts.provider IS 'The cloud, as the enum word of the contract.';
COMMENT ON COLUMN instance_counts.kind IS 'What sort of instances.';
COMMENT ON COLUMN instance_counts.count IS 'How many there are; 0: there were some.';

INSERT INTO instance_counts (scope, facet, value, region, account, provider, kind, count)
SELECT i.scope, f.facet, f.value, i.region, i.account, i.provider, i.kind, count(*)
FROM instances i CROSS JOIN LATERAL (VALUES ('zone', i.zone), ('state', i.state), ('machine_type', i.machine_type)) f (facet, value)
WHERE i.gone_time IS NULL
GROUP BY i.scope, f.facet, f.value, i.region, i.account, i.provider, i.kind;

-- Which instance has this address is what people ask in a hurry.
CREATE INDEX instances_private_ips_idx ON instances USING gin (private_ips);
CREATE INDEX instances_public_ips_idx ON instances USING gin (public_ips);

-- How common a label is decides how a page with it is found: the sample must be
-- large enough to know the rare ones from the very rare.
ALTER TABLE instances ALTER COLUMN labels SET STATISTICS 1000;
