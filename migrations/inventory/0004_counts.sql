-- Numbers of instances, by the fields that most requests count and filter by, so that a total of a
-- large inventory reads some thousand rows and not all.
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
    'Numbers of instances in each scope and region, without those that are gone, by facet. The writer of instances updates them in the same transaction, under the lock of the scope. No foreign key, as in instances.';
COMMENT ON COLUMN instance_counts.scope IS 'The scope (scopes.uid).';
COMMENT ON COLUMN instance_counts.facet IS 'The column of instances that the number is grouped by.';
COMMENT ON COLUMN instance_counts.value IS 'The value of that column.';
COMMENT ON COLUMN instance_counts.region IS 'The region of the instances.';
COMMENT ON COLUMN instance_counts.account IS 'The bare id of the account.';
COMMENT ON COLUMN instance_counts.provider IS 'The provider, as the enum value of the contract.';
COMMENT ON COLUMN instance_counts.kind IS 'The kind of the instances.';
COMMENT ON COLUMN instance_counts.count IS 'The number of instances; 0: there were some.';

INSERT INTO instance_counts (scope, facet, value, region, account, provider, kind, count)
SELECT i.scope, f.facet, f.value, i.region, i.account, i.provider, i.kind, count(*)
FROM instances i CROSS JOIN LATERAL (VALUES ('zone', i.zone), ('state', i.state), ('machine_type', i.machine_type)) f (facet, value)
WHERE i.gone_time IS NULL
GROUP BY i.scope, f.facet, f.value, i.region, i.account, i.provider, i.kind;

-- People look for an address in a hurry.
CREATE INDEX instances_private_ips_idx ON instances USING gin (private_ips);
CREATE INDEX instances_public_ips_idx ON instances USING gin (public_ips);

-- How a page with a label is found depends on how common the label is: the sample must be large
-- enough to distinguish rare labels from very rare ones.
ALTER TABLE instances ALTER COLUMN labels SET STATISTICS 1000;
