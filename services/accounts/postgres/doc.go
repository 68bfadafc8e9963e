// Package postgres stores the data of the accounts service. It is the only package with SQL; each
// statement is beside the method that runs it.
//
// All times are by the clock of the database, which the replicas of the service share, so that a
// lease granted by one of them ends for all at the same time. Exported methods own their
// transaction.
package postgres
