// Package discovery reads the clouds into the inventory, one account at a time, and starts
// and stops instances. What could not be read is reported as such. The root package has what
// its parts share, and knows neither SQL nor any cloud's SDK. Terms are defined in
// docs/glossary.md.
//
//	discovery/                       what the parts share: accounts, observations, retries
//	discovery/provider               the contract of a cloud: Provider, Session, Operator, Instance
//	discovery/provider/providerkit   what providers have in common
//	discovery/provider/aws           Amazon Web Services
//	discovery/provider/gcp           Google Cloud
//	discovery/provider/providertest  the suite that every provider passes
//	discovery/sync                   the schedule, and reading an account
//	discovery/operation              starting and stopping instances
//	discovery/ratelimit              the clouds' API limits, shared by all workers
//	discovery/clients                the accounts and inventory services
//	discovery/postgres               all SQL: sync runs, schedules, operations, audit, fencing tokens
//	discovery/jobs                   River: delivers runs and operations to workers, and periodic work
//	discovery/grpc                   the API
//	discovery/app                    configuration, wiring, run
//	discovery/cmd                    the program
//
// # One sync
//
// A run is queued when its account is due (sync.Scheduler) or when someone requests it. River
// delivers it to a worker of any process, and sync.Syncer reads the account:
//
//	claim the run ─▶ sign in ─▶ is it the stated account? ─▶ which scopes? ─▶ read each ─▶ report
//	  fencing token    Open            Identity                  Scopes          Read        Outcome
//	  lease, renewed
//
// Each page of a scope is sent to the inventory's snapshot stream as it arrives. The stream is
// completed only if the cloud's listing ended without an error. Before an instance that the
// listing omitted is marked as gone, the cloud is asked about it once more, by id
// (provider.Prober). In every other case the stream ends without effect, and the inventory gets
// the reason. So a scope is either observed as a whole, or stays as it was.
//
// sync.Verifier verifies the credentials of an account when someone requests it: it signs in the
// same way, tries each permission, and writes nothing.
//
// # The life of a run
//
//	          worker claims             every scope read   ┌▶ SUCCEEDED
//	QUEUED ──────────────────▶ RUNNING ───some failed──────┼▶ DEGRADED
//	   │                          │       nothing read     └▶ FAILED
//	   │  its job was lost        │ worker stopped, or its lease expired
//	   └──────────▶ ABANDONED ◀───┘ … and the account is due again at once
//
// Every write of a worker about a run has the worker's fencing token. A worker that was
// considered dead gets ErrLost at its next write, and stops.
//
// # One start or stop
//
// operation.Service resolves the instances of a request, refuses what is not allowed, and
// stores an operation with its targets. River delivers it to an operation.Executor of any
// process. The life of an operation:
//
//	          worker claims             every target ended
//	QUEUED ──────────────────▶ RUNNING ─────────────────────▶ ENDED
//	   ▲                          │
//	   └──────────────────────────┘ worker stopped, or its lease expired
//
// The life of a target is the table in operation/table.go:
//
//	PENDING ─▶ CHECKING ─▶ CALLED ─▶ WAITING ─▶ SUCCEEDED | FAILED | CANCELLED | UNKNOWN
//	              ▲ ask       │ call     poll
//	              └───────────┘ the cloud did not take it
//
// Each state is stored before the next step begins, with the fencing token of the operation. A
// worker that takes over a target in CALLED polls before anything else. The call is repeated
// only if the cloud proves that it did not take the first one, or shows no trace of it for a
// while (operation.Limits.Doubt).
//
// The result of every poll is stored in the inventory at once, under the rules of snapshots: its
// fencing token was taken before the poll, so an older reading can't overwrite it.
package discovery
