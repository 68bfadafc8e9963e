// Package inventory is the domain of the inventory: the instances of all accounts as they were last observed, the scopes
// that they are in, and the rules by which an observation changes them. It knows no cloud, no transport and no database.
//
// The table of fields in fields.go describes the fields of an instance. Requests are parsed here (ListRequest.Parse), and
// Reader states the storage that the transport needs. The packages around it:
//
//	ingest      applies observations
//	changefeed  sends changes to watchers
//	retention   maintains the log of changes
//	metrics     the state of the scopes for Prometheus
//	postgres    storage: read, write and log
//	grpc        transport, with its codec
//	app         the service
//
// # A snapshot
//
//	discovery ──ApplySnapshot──▶ grpc ──▶ ingest.Snapshot
//	                                        │ Begin:    claim the scope, load the stored instances
//	                                        │ Observe:  Reconciliation.Observe ─▶ unchanged, or staged
//	                                        │ Missing:  which stored instances were not listed?
//	discovery ◀──────missing────── grpc ◀───┘
//	    │ asks the provider by ID
//	    └──────verdict───▶ grpc ──Finding──▶ Snapshot.RecordEvidence
//	                                        ▼ Complete: one transaction
//	          lock scope ▸ resolve new ▸ DeletionPolicy ▸ copy new ▸ update changed ▸ mark gone ▸ scope ▸ log
//
// No transaction is open while the stream is, nor while the provider is asked. Decide, Reconciliation and DeletionPolicy
// alone decide what an observation changes, and they are pure.
//
// # Missing instances
//
// DeletionPolicy decides what becomes of the instances that a complete observation did not list:
//
//	FOUND                      they count as listed
//	NOT_FOUND                  gone; unless more than half of the scope, and at least 5, are missing at once
//	UNLISTED                   held until the next complete observation does not list them either
//	CANT_TELL, or no evidence  they stay as last seen; the scope is as old as it was, with the reason
//
// If a deletion is doubted, the scope is held: it is shown as last seen, it has a hold, and no answer vouches for it.
//
//	              most are missing                    observed again, alone or with the scope
//	┌──────────┐ ───────────────▶ ┌──────┐ ─────────────────────────────────────────────▶ alive
//	│ not held │                  │ held │ the next complete observation does not list it
//	└──────────┘ ◀─────────────── └──────┘ ─────────────────────────────────────────────▶ gone
//	              none are missing     └── a person confirms (ConfirmScope) ────────────▶ gone
//
// # Fencing
//
// Every observation has a fencing token, which was taken before its first call to the provider. Of two observations the
// one with the larger token is newer.
//
//	scope.fence      largest token of a complete observation; an observation with a smaller one is stale
//	scope.claim      token of the observation under way; one with a smaller token is stale meanwhile
//	instance.fence   token that last wrote the instance; a snapshot with a smaller one leaves it as it is
//
// A claim keeps an older observation from being applied between the comparison of a newer one with the stored instances
// and its application. It ends with its observation. A claim whose process was killed gives way to any larger token.
//
// # Locks
//
// All transactions lock in one order, so that no two wait for each other: the account (shared, but for its removal), scopes
// by UID, instances by UID, the head of the log. A transaction that finds out too late that instances come from another
// scope begins again with its lock.
//
// # The log
//
// Every change is a row of the log, written in the transaction that makes it. Its revision is one more than the last. The
// head of the log, a single row, is locked last, just before the log is written, and until the commit. Revisions are
// therefore in the order of commits and have no holes. A row has the columns that changed, as they were and as they became;
// that of a new instance has none. A past state is the present state with the later changes undone.
package inventory
