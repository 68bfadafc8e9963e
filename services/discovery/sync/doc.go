// Package sync decides when accounts are due (Scheduler), reads them into the inventory (Syncer) and
// verifies their credentials (Verifier).
//
// The path of one sync:
//
//	schedule.go  Scheduler.Tick queues a run for each account that is due
//	sync.go      Syncer.Sync claims the run, reads the account and reports the outcome
//	account.go   signs in, plans the scopes and reads them side by side
//	scope.go     streams one scope into a snapshot of the inventory
//	batch.go     the same for scopes that a provider lists together
//	probe.go     looks up missing instances by id, before any of them is marked as gone
//
// Beside it, contract.go has what the package needs of other services and of the store, retired.go the
// scopes that are no longer read, progress.go and outcome.go the results, and lease.go the lease on a
// run.
//
// Terms are defined in docs/glossary.md.
package sync
