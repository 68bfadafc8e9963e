// Package e2e tests Rollcall as its users meet it: the real programs, built and started as processes, spoken to over REST,
// gRPC and the command line, stopped by signals and killed. A simulated cloud (package cloudsim) stands for AWS.
//
//	up_test.go, life_test.go    rollcall up: first start, restart, kill -9, Postgres killed, ports, folders, users
//	cloud_test.go               which cloud is shown: yours, the demo or none
//	client_test.go              the command line client against a running `up`, with golden outputs
//	compose_test.go             the four services apart, as deploy/compose.yaml has them
package e2e
