// Package postgres stores sync runs, schedules, operations, the audit, API budgets and
// fencing tokens. It contains all SQL of the discovery service; a statement is beside the
// method that runs it.
//
// Times are those of the database, so that the clocks of workers decide nothing. A
// statement that reports on a run or an operation contains its fencing token, and changes
// nothing if another worker has taken over.
package postgres
