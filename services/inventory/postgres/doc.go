// Package postgres stores the inventory in Postgres. All SQL of the service is in this package and those
// below; each statement is beside the method that runs it.
//
//	read   lists, look-ups, aggregates, history and exports
//	write  ingest: claims, snapshots, single instances, failures and removals
//	log    reads the log of changes, and keeps it for the retention time
//
// This package has what they share: the connection, the columns of an instance, the binary form of
// rows, and the state of the inventory as of a position in the log.
package postgres
