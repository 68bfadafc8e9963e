// Package e2e tests Rollcall from outside: it builds and starts the real programs as processes,
// calls them over REST, gRPC and the command line, and stops them with signals. A simulated cloud
// (package cloudsim) takes the place of the clouds.
//
//	up_test.go, life_test.go    rollcall up: first start, restart, kill -9, Postgres killed, ports, folders, users
//	cloud_test.go               which source is read: the user's clouds or the demo
//	client_test.go              the command line against a running `up`, with golden files
//	leak_test.go                secrets appear in no output, log, response or table
//	compose_test.go             each service as its own process, as in deploy/compose.yaml
package e2e
