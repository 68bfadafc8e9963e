// Package chaos tries to break the promises of the roll, and says with which
// seed it did.
//
// An episode starts all of Rollcall as processes of their own, on a Postgres and
// on simulated clouds of its own, and lets a schedule loose on it: the clouds
// change, fail and lie, processes are killed and frozen, Postgres is killed,
// accounts come and go. The schedule follows from the seed alone; what runs at
// the same time is left to the machine, so that a replay takes the same steps,
// and meets the same luck most of the time.
//
//	schedule (seed) ──▶ steps ──▶ cloudsim: churn, faults, lies    ──▶ its own record of the truth
//	                        └───▶ processes: kill, freeze, restart              │
//	                                   │                                        ▼
//	                                   └── gRPC ──▶ readers, watchers ──▶ oracle ──▶ violation
//
// Readers and watchers look on through gRPC all the while, and hold what they
// are told against the clouds' own record (see oracle_test.go for each
// invariant). After some steps comes quiet: the faults end, and soon the roll
// must be the cloud, every watcher's replica the roll, the log replayed from its
// beginning the roll, and the past as it was seen.
//
// A schedule that broke something is run again with parts left out, and the
// command that replays the shortest is printed.
package chaos
