-- The comments in plain English, with the terms of docs/glossary.md. Changes no data.

COMMENT ON SEQUENCE account_revision_seq IS
    'Numbers every change of the settings of any account; the source of etags (AIP-154).';

COMMENT ON COLUMN accounts.id IS
    'The last part of the resource name accounts/{account}; never changes. Sorted by code point, the same on every machine.';
COMMENT ON COLUMN accounts.display_name IS 'The name for people.';
COMMENT ON COLUMN accounts.labels IS 'The labels that the owner set: an object of strings.';
COMMENT ON COLUMN accounts.paused IS 'Whether the schedule skips it.';
COMMENT ON COLUMN accounts.sync_interval IS 'The time from one sync to the next; null: the default of the server. The contract has the limits.';
COMMENT ON COLUMN accounts.regions IS 'The regions to read, as the cloud spells them; empty: all that are enabled.';
COMMENT ON COLUMN accounts.credentials IS
    'The settings of the method, an object. Never a secret: everyone who may read the account sees this column.';
COMMENT ON COLUMN accounts.revision IS 'Grows with every change of this row.';
COMMENT ON COLUMN accounts.update_time IS
    'When its settings last changed, by this database''s clock; grows with every change. Discovery syncs soon afterwards.';
COMMENT ON COLUMN accounts.source_account_id IS
    'The account whose credentials are used to sign in; null: the default credentials are. It can''t be deleted while it is a source.';
COMMENT ON COLUMN accounts.read_only IS 'Whether starts and stops in it are refused for every caller.';

COMMENT ON TABLE connections IS
    'The status of the connection to each account, as discovery reports it. No row: never tried.';
COMMENT ON COLUMN connections.outcome IS
    'The outcome of the last finished sync. People see SYNCING instead while syncing_until is in the future.';
COMMENT ON COLUMN connections.last_sync_time IS 'When the last finished sync ended; null: there was none.';
COMMENT ON COLUMN connections.last_success_time IS 'When the last sync that read every scope ended; null: there was none.';
COMMENT ON COLUMN connections.last_error IS 'What went wrong in the last finished sync, for people. Never a secret.';
COMMENT ON COLUMN connections.remedy IS 'What to do about it, for people.';
COMMENT ON COLUMN connections.last_sync_run IS 'The run that outcome belongs to: the last part of syncRuns/{sync_run}.';
COMMENT ON COLUMN connections.syncing_until IS
    'The end of the lease of the run that reported last, by this database''s clock; null: that run has ended.';
COMMENT ON COLUMN connections.syncing_run IS 'The run with the lease; empty: there is none.';
COMMENT ON COLUMN connections.fencing_token IS 'The largest token of all accepted reports; reports with smaller ones are refused.';

COMMENT ON TABLE secrets IS
    'The secrets of credentials, encrypted: a Tink envelope, bound to its account by associated data. Nothing is in plain text.';
COMMENT ON COLUMN secrets.account_id IS 'The account. The method in its row determines what the secret is.';
COMMENT ON COLUMN secrets.ciphertext IS 'The envelope: the encrypted data key, and the secret encrypted with it.';
