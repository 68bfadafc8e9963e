-- The secrets that credentials need, encrypted.
--
-- Online: a table of its own, so that what everyone may read and what nobody may
-- never share a row. The rules of 0003 are looked over here, beside readers and
-- writers.

-- Rather fail, and be tried again, than hold up everyone behind a long writer.
SET LOCAL lock_timeout = '10s';

ALTER TABLE accounts VALIDATE CONSTRAINT accounts_credentials_method_check;
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_gcp_cloud_id_check;
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_source_account_id_fkey;
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_source_account_id_check;

CREATE TABLE secrets (
    account_id      text COLLATE "C" NOT NULL
        CONSTRAINT secrets_pkey PRIMARY KEY
        CONSTRAINT secrets_account_id_fkey REFERENCES accounts (id) ON DELETE CASCADE,
    key_id          text COLLATE "C" NOT NULL
        CONSTRAINT secrets_key_id_check CHECK (key_id <> ''),
    ciphertext      bytea NOT NULL
        CONSTRAINT secrets_ciphertext_check CHECK (octet_length(ciphertext) BETWEEN 1 AND 262144),
    create_time     timestamptz NOT NULL DEFAULT now(),
    fetch_count     bigint NOT NULL DEFAULT 0
        CONSTRAINT secrets_fetch_count_check CHECK (fetch_count >= 0),
    last_fetch_time timestamptz,

    CONSTRAINT secrets_last_fetch_time_check CHECK ((fetch_count = 0) = (last_fetch_time IS NULL))
)
-- Every fetch is counted in its row: room in the page lets it be so without
-- touching the index.
WITH (fillfactor = 50);

COMMENT ON TABLE secrets IS
    'The secrets that credentials need, encrypted: a Tink envelope, bound to its account by associated data. Nothing in plain.';
COMMENT ON COLUMN secrets.account_id IS 'The account. Its row has the method that the secret belongs to.';
COMMENT ON COLUMN secrets.key_id IS
    'The key that encrypts the envelope''s data key: keyset/{id} of the local keyset, or the URI of a key of a KMS.';
COMMENT ON COLUMN secrets.ciphertext IS 'The envelope: the encrypted data key, and the secret encrypted with that.';
COMMENT ON COLUMN secrets.create_time IS 'When it was encrypted, by this database''s clock; a rotation encrypts it again.';
COMMENT ON COLUMN secrets.fetch_count IS 'The number of times that discovery fetched the secret.';
COMMENT ON COLUMN secrets.last_fetch_time IS 'When discovery last fetched it, by this database''s clock; null: never.';
