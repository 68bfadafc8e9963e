// Package chaos tests that Rollcall keeps its invariants under faults, and prints the seed of a run
// that violates one.
//
// A scenario starts all of Rollcall as processes, on a Postgres and on simulated clouds of its own,
// and runs a schedule against it: the clouds change, fail and return false lists, processes are
// killed and frozen, Postgres is killed, accounts are removed and added. The seed determines the
// schedule, but not the timing: a replay runs the same steps, and usually meets the same failure.
//
//	schedule (seed) ──▶ steps ──▶ cloudsim: churn, faults, false lists ──▶ state of the clouds
//	                        └───▶ processes: kill, freeze, restart              │
//	                                   │                                        ▼
//	                                   └── gRPC ──▶ readers, watchers ──▶ oracle ──▶ violation
//
// Meanwhile readers and watchers read through gRPC, and compare the responses with the state of the
// clouds (oracle_test.go defines each invariant). At intervals the scenario converges: the faults
// end, and soon the inventory must match the clouds, the replica of every watcher the inventory, the
// log replayed from its beginning the inventory, and the history the snapshots of earlier intervals.
//
// A schedule that violates an invariant is run again with steps left out, and the test prints the
// command that replays the shortest one.
package chaos
