// Package log reads the log of changes, for watches, and keeps it: it creates the partitions of the days
// to come and deletes what is older than the retention time.
package log
