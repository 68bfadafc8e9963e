// Package operation starts and stops instances.
//
// The way of one stop:
//
//	submit.go    Service.Submit resolves the instances (resolve.go, locate.go), refuses what is
//	             not allowed, and stores an operation with its targets and a job
//	executor.go  Executor.Run gets the lease on the operation, and runs each target
//	run.go       a target: observe, ask the table, act; every state is stored before the next step
//	table.go     the state table: nextAction(state, observation), and all rules of Rollcall's own
//	call.go      the one call
//	poll.go      polls until the cloud has ended what it was called for
//
// Beside it, plan.go is the dry run, check.go observes an instance before the call,
// sessions.go signs in to accounts and batches reads, units.go shares the calls for
// clusters, and keep_stopped.go has the periodic work.
//
// Terms are defined in docs/glossary.md.
package operation
