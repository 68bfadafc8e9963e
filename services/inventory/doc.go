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
//	                                    lock scope ▸ resolve the new ▸ COPY new ▸ update changed ▸ mark gone ▸ scope row
//
// No transaction is open while the stream is, nor while the cloud is asked. What an observation does to what
// is held is decided by Decide and Reconciliation alone, which are pure.
//
// # The gate
//
// Every observation carries a fencing token, taken before its first look at the
// cloud; of two observations the one with the larger token is the newer.
//
//	scope.fence      largest token of a complete observation; smaller ones are stale
//	scope.claim      token of the observation under way; smaller ones are stale meanwhile
//	instance.fence   token that last wrote the instance; a snapshot with a smaller one passes it by
//
// A claim keeps an older observation from slipping in between the moment when
// a newer one compared itself to the roll and the moment it is applied. It ends
// with its observation, and a claim that nobody will end (its process was
// killed) gives way to any larger token.
package inventory
