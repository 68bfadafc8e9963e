// Package postgres keeps the roll in Postgres. It is the only place with SQL;
// each statement stands beside the method that runs it.
//
// Writing: a Snapshot compares what is observed to what is held while it
// streams in, with no transaction open, and keeps only what is new or changed,
// encoded as the rows of a binary COPY, in a spool (memory, then a temporary
// file). Complete applies it in one transaction under the lock of the scope's
// row: new rows are copied straight into the table, changed ones by way of a
// temporary table, where what they change is staged for the log. An observation
// of a single instance goes the same way. KeepLog makes and drops the log's
// partitions, a day each.
//
// Reading: a page, its freshness and its total are read from one snapshot of the
// database.
package postgres
