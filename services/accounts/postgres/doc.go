// Package postgres keeps the accounts service's data. It is the only place with
// SQL; each statement stands beside the method that runs it.
//
// Time is the database's: it is the one clock that all replicas of the service
// share, so a lease given by one lapses for all of them at the same moment.
// Exported methods own their transaction.
package postgres
