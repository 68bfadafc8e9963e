// Package write stores observations in Postgres. It implements ingest.Store.
//
// New and changed instances are encoded as rows of a binary COPY while a snapshot arrives, and wait in a
// stage: memory, then a temporary file. One transaction under the lock of the scope's row writes them.
// New rows are copied straight into the table. Changed rows are copied into a temporary table, from which
// the update also takes what it changes, for the log. The observation of a single instance is written the
// same way.
//
// All transactions lock in one order: the account, scopes by UID, instances by UID, the head of the log.
package write
