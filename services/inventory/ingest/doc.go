// Package ingest applies observations to the inventory: snapshots of scopes, observations of single
// instances, failures, removals and confirmations. It states what it needs of storage as interfaces.
//
//	Begin ──▶ Snapshot ──Observe──▶ Reconciliation: unchanged, or encoded into the stage
//	                   ──Missing──▶ instances that the listing omitted
//	                   ──Record───▶ the provider's answers about them
//	                   ──Complete─▶ one transaction: DeletionPolicy, write, scope, log
//
// No transaction is open while a snapshot arrives or while the provider is asked.
package ingest
