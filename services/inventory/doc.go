// Package inventory is the roll: the instances of all accounts as they were
// last observed, the scopes they were seen in, and the rules by which an
// observation changes them. It knows no cloud, no transport and no database.
//
// # The way of a snapshot
//
//	discovery ──ApplySnapshot──▶ grpc ──Instance──▶ postgres.Snapshot
//	                                                  │ start: claim the scope, load what is held alive
//	                                                  │ each:  Reconciliation.Observe ─▶ tick off, or encode into a spool
//	                                                  │ complete: what is absent?
//	discovery ◀──────absent────── grpc ◀──────────────┘
//	    │ asks the cloud by id
//	    └──────verdict───▶ grpc ──Finding──▶ Snapshot.Hear
//	                                                  ▼ one transaction
//	              lock scope ▸ resolve the new ▸ COPY new ▸ update changed ▸ judge and mark gone ▸ scope row ▸ log
//
// No transaction is open while the stream is, nor while the cloud is asked. What
// an observation does to what is held is decided by Decide, Reconciliation and
// Judge alone, which are pure.
//
// # What vanished
//
// Judge says what becomes of the instances that a complete observation lacked:
//
//	FOUND                    seen, like any other
//	NOT_FOUND                gone; unless more than half of the scope, and at least 5, vanished at once
//	UNLISTED                 held until the next complete observation lacks it too
//	CANT_TELL, or no word    stays as last seen; the scope is as old as it was, and says why
//
// What is not believed holds the scope: it is shown as last seen, the scope says
// HELD, and no answer vouches for it.
//
//	              most vanished                       seen again, alone or with its scope
//	┌──────────┐ ───────────────▶ ┌──────┐ ─────────────────────────────────────────────▶ alive
//	│ not held │                  │ held │ the next complete observation lacks it too
//	└──────────┘ ◀─────────────── └──────┘ ─────────────────────────────────────────────▶ gone
//	              nothing is missing   └── a person confirms (ConfirmScope) ────────────▶ gone
//
// # The gate
//
// Every observation carries a fencing token, taken before its first look at the
// cloud; of two observations the one with the larger token is the newer.
//
//	scope.fence      largest token of an observation that came to its end; smaller ones are stale
//	scope.claim      token of the observation under way; smaller ones are stale meanwhile
//	instance.fence   token that last wrote the instance; a snapshot with a smaller one passes it by
//
// A claim keeps an older observation from slipping in between the moment when
// a newer one compared itself to the roll and the moment it is applied. It ends
// with its observation, and a claim that nobody will end (its process was
// killed) gives way to any larger token.
//
// # Locks
//
// All writers take their locks in one order, and so no two wait for each other:
// the account (shared by all but its removal), scopes by their uid, instances by
// theirs, the head of the log. Who finds half-way that instances come from a scope
// whose lock should have come earlier begins anew with it.
//
// # The log
//
// Every change is one row of the log, written in the transaction that makes it.
// Its revision is one more than the last: the head, one row, is locked last, just
// before the log is written, and kept until the commit, so that revisions are in
// the order of commits and without holes. A row holds the columns that changed,
// as they were and as they became; that of a new instance holds none. The past is
// the present with what came later undone.
package inventory
