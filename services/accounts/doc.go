// Package accounts is the domain of the accounts service: which cloud accounts
// are on the roll, how to sign in to them, and how the connection to each is
// going. It knows nothing of instances, nor of any cloud's SDK.
//
//	accounts/            the types and rules (here), free of transport and storage
//	accounts/grpc        the contract: AccountService and KeyService for all, ConnectionService for discovery
//	accounts/postgres    the only SQL
//	accounts/keys        the keys that secrets are encrypted with: a local keyset, or a cloud's KMS
//	accounts/guide       how to set credentials up in the cloud, for people
//	accounts/app         configuration, wiring, run
//	accounts/cmd         the program of its own
//
// # Secrets
//
// Credentials are what everyone may see of them; the secret that some go with
// travels beside them, and is never shown again:
//
//	request ─▶ TakeSecret (checked, key files written anew) ─▶ Seal ─▶ the table secrets
//	discovery ◀─ GetCredentials (counted, logged) ◀─ Open ◀─┘
//
// It is encrypted before any transaction begins, bound to the account and its
// cloud id, and decrypted for discovery alone. Secret prints as a placeholder,
// however it is printed.
//
// A role may be assumed with the credentials of another account on the roll, its
// source, which may be a role in turn (Chain). A source can't be deleted.
//
// # Connection status
//
// Discovery reports that a sync runs (a lease, renewed while the worker lives),
// what it came to, or that it was given up. Two things are held apart: the
// outcome of the last finished sync, and the lease of a running one. The status
// that people see comes of both and of the clock:
//
//	               Syncing(lease)
//	UNKNOWN ──────────────────────────▶ SYNCING ──┬─ Finished ──▶ CONNECTED, DEGRADED or FAILED
//	CONNECTED ────────────────────────▶           │
//	DEGRADED                                      ├─ Abandoned ─▶ the outcome before, as it was
//	FAILED                                        │
//	                                              └─ lease lapses ▶ the outcome before, as it was
//
// So nothing stays SYNCING after its worker died, without anyone cleaning up.
//
// Each report carries its run's fencing token, which grows from run to run: a
// report with a smaller token than one taken before is refused, and so is news
// of a run that has ended. A worker thought dead can't report over its
// successor.
package accounts
