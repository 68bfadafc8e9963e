// Package jobs brings work to workers by River, a job queue in Postgres.
//
//	queue    kind        when
//	sync     sync        one for each run, in the transaction that queues the run
//	operate  operate     one for each operation, in the transaction that queues it
//	control  schedule    every second: follow the roll, queue what is due
//	control  reap        every few seconds: runs whose worker died; their operations
//	control  sweep       now and then: the whole roll; accounts that left it
//	control  prune       now and then: old runs and operations
//	control  keep        every few seconds: what is to be kept stopped
//
// Periodic jobs are inserted by the one process that River elects as leader, and
// worked by any. Passes that meet do no harm: what they do, they do by single
// statements that find nothing left the second time.
//
// River is not what keeps a run unique or finds a dead worker: the tables of
// package postgres are, within seconds, where River needs minutes. Hence a job
// is tried once, and its error is its run's.
package jobs
