// Package jobs brings work to workers with River, a job queue in Postgres.
//
//	queue    kind        when
//	sync     sync        one for each run, in the transaction that queues the run
//	operate  operate     one for each operation, in the transaction that queues it
//	control  schedule    every second: follow the accounts, queue runs that are due
//	control  reap        every few seconds: release runs and operations of dead workers
//	control  sweep       at longer intervals: list all accounts, remove deleted ones
//	control  prune       at longer intervals: delete old runs and operations
//	control  keep        every few seconds: check databases that are kept stopped
//
// The process that River elects as leader inserts periodic jobs, and any process runs them. Two at
// the same time do no harm, because each change is a single statement that finds nothing to do the
// second time.
//
// The tables of package postgres, and not River, keep a run unique and find dead workers: within
// seconds, where River needs minutes. So a job is tried once, and its error is that of its run.
package jobs
