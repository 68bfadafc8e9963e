// Package postgres holds sync runs, schedules and fencing tokens: all the SQL of
// the discovery service. SQL stands beside the method that runs it.
//
// Times are the database's, so that workers' clocks decide nothing. A statement
// that reports on a run names its fencing token, and changes nothing when the
// run is no longer the reporter's.
package postgres
