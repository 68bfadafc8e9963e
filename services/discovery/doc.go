// Package discovery is the domain of the discovery service: reading the clouds
// into the roll, one account at a time, and saying honestly what could not be
// read. It knows neither SQL for instances or accounts nor, here at the root,
// any cloud's SDK.
//
//	discovery/               the types and rules (here), free of transport and storage
//	discovery/aws            the one place that speaks to AWS, behind Provider
//	discovery/providertest   the suite that every Provider passes
//	discovery/budget         the clouds' API limits, shared by all workers
//	discovery/roll           the accounts and inventory services, as the domain needs them
//	discovery/postgres       the only SQL: sync runs, schedules, operations, the audit, fencing tokens
//	discovery/jobs           River: bringing runs to workers, and the periodic work
//	discovery/grpc           the contract: DiscoveryService
//	discovery/app            configuration, wiring, run
//	discovery/cmd            the program of its own
//
// # One sync
//
// A run is queued when its account is due (Scheduler) or someone asks. River
// brings it to a worker, anywhere, and Syncer.Sync takes it from there:
//
//	claim the run ─▶ sign in ─▶ is it the stated account? ─▶ which scopes? ─▶ read each ─▶ report
//	  fencing token    Open            Identity                  Scopes          Read        Outcome
//	  lease, renewed
//
// Pages of a scope go straight into the inventory's snapshot stream as they
// come; `complete` is sent only when the cloud's listing ended without an error.
// What the roll holds and the listing lacks the cloud is asked for once more, by
// id (Finder), before any of it is marked gone. All else ends the stream without
// effect and tells the inventory why, so that a scope is either observed whole or
// kept as it was.
//
// Whether an account's credentials do is tried apart from that, when someone asks:
// Verifier.Verify signs in the same way, tries each permission, and writes
// nothing.
//
// # One start or stop
//
// A Dispatcher finds out what is meant, refuses what must not be, and stores an
// operation with its targets. River brings it to a Conductor, anywhere, and each
// target goes
//
//	PENDING ▶ CHECKING ▶ CALLED ▶ WAITING ▶ SUCCEEDED | FAILED | CANCELLED | UNKNOWN
//	           look       │ the one call     look again and again
//	                      └ stored before it goes out
//
// Each state is stored before the next step begins, under the operation's fencing
// token. Who takes over a target that is CALLED looks before anything else; the
// call is made again only when the cloud proves that it was not taken, or shows
// no trace of it for a while (OperationLimits.Doubt).
//
// What a look shows goes into the roll at once, through the gate that snapshots go
// through: its token was taken before the look, so a reading that began earlier
// can't turn it back.
//
// # The life of a run
//
//	          worker claims             every scope read   ┌▶ SUCCEEDED
//	QUEUED ──────────────────▶ RUNNING ───some failed──────┼▶ DEGRADED
//	   │                          │       nothing read     └▶ FAILED
//	   │  its job was lost        │ worker stopped, or its lease lapsed
//	   └──────────▶ ABANDONED ◀───┘ … and the account is due again at once
//
// A worker proves with its fencing token that the run is still its own; one that
// was taken for dead finds out with its next report, and stops.
package discovery
