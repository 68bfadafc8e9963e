// Package cli is the command line of Rollcall: a client of the public gRPC API for people and
// scripts, and `rollcall up`.
//
// A command is a struct that kong fills from the command line. Its Run method works with a session,
// which has the connection, the streams and the output format.
//
//	accounts*.go     rollcall accounts list|get|create|update|delete|setup-guide|verify
//	instances.go     rollcall instances list|count; instance.go has get and lookup
//	operate.go       rollcall instances start|stop
//	watch.go         rollcall instances watch; history.go and export.go likewise
//	operations.go    rollcall operations, rollcall audit
//	scopes.go        rollcall scopes
//	sync*.go         rollcall sync: start runs, show their progress and their results
//	runs.go          rollcall runs list|get
//	up.go            rollcall up, see package up
//	completion.go    rollcall completion bash|zsh|fish
//
// Requested data goes to stdout; freshness, progress and errors go to stderr, so that a pipe gets
// only the data. Exit codes: 0 success, 1 failure, 2 invalid command line, 3 a watch whose token
// has expired, 130 interrupted.
//
// Texts from clouds and users (names, labels, errors) are printed with their control characters
// escaped, so that they can't control the terminal.
package cli
