// Package operation starts and stops instances.
//
// The way of one stop:
//
//	submit.go    Service.Submit resolves the instances, refuses what is not allowed, and stores
//	             an operation with its targets and a job
//	executor.go  Executor.Run gets the lease on the operation, and runs each target
//	run.go       a target: observe, ask the table, act; every state is stored before the next step
//	table.go     the state table: nextAction(state, observation), and all rules of Rollcall's own
//	observe.go   what is read from the cloud before the call (check) and after it (poll)
//	call.go      the one call
//
// Beside it, locate.go searches the clouds for instances that are not in the inventory,
// plan.go is the dry run, sessions.go signs in to accounts and batches reads, units.go shares
// the calls for clusters, and keep_stopped.go has the periodic work.
//
// Terms are defined in docs/glossary.md.
package operation
