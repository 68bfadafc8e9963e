// Package cli is the command line of Rollcall: a client of the public gRPC API for people and for scripts, and the door
// to `rollcall up`.
//
// A command is a struct that kong fills in and whose Run does the work with a session: the connection, the output and
// the time limit of each call.
//
//	accounts*.go    rollcall accounts list|get|create|update|delete
//	instances*.go   rollcall instances list|get|lookup|count
//	scopes.go       rollcall scopes
//	sync*.go        rollcall sync: start runs, follow them, sum them up
//	runs.go         rollcall runs list|get
//	up.go           rollcall up, see package up
//	completion.go   rollcall completion bash|zsh|fish
//
// What was asked for goes to stdout; how fresh it is, progress and errors go to stderr, so that a pipe gets the answer
// and nothing else. Exit codes: 0 done, 1 failed, 2 a command line that makes no sense, 130 interrupted.
//
// What clouds and users wrote (names, labels, error texts) is shown with its control characters escaped: no tag of an
// instance can steer the terminal.
package cli
