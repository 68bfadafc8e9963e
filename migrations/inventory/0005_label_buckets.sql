-- Labels are found by a GIN index, which gives what it finds in no order: a page of
-- a label that thousands have read all of them. With the first byte of the uid
-- beside the labels, a page reads the few 256ths of them that it needs, in the
-- order of uid.
--
-- The index is made while the roll is read and written. A try that was cut off left
-- an invalid one behind.

---- tern: disable-tx ----

DROP INDEX CONCURRENTLY IF EXISTS instances_labels_bucket_idx;
CREATE INDEX CONCURRENTLY instances_labels_bucket_idx ON instances
    USING gin (labels jsonb_path_ops, (ARRAY[get_byte(uuid_send(uid), 0)]));
DROP INDEX CONCURRENTLY IF EXISTS instances_labels_idx;
