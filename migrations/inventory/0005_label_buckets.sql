-- A GIN index returns rows in no order: a page of a label that thousands of instances have would
-- read all of them. With the first byte of the uid beside the labels, a page reads the few 256ths
-- that it needs, in the order of uid.
--
-- The index is built while the inventory is read and written. A build that was interrupted left an
-- invalid index behind.

---- tern: disable-tx ----

DROP INDEX CONCURRENTLY IF EXISTS instances_labels_bucket_idx;
CREATE INDEX CONCURRENTLY instances_labels_bucket_idx ON instances
    USING gin (labels jsonb_path_ops, (ARRAY[get_byte(uuid_send(uid), 0)]));
DROP INDEX CONCURRENTLY IF EXISTS instances_labels_idx;
