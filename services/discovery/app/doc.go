// Package app is the discovery service as one thing: New builds it whole, Run
// works and serves until its context ends. Its own program, `rollcall up` and
// the tests all start it through this door.
package app
