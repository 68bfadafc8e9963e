// Package app builds and runs the discovery service: New builds it, Run runs its workers and serves until
// its context ends. The program discovery, `rollcall up` and the tests all start it this way.
package app
