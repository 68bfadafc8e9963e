// Package accounts is the domain of the accounts service: which cloud accounts Rollcall reads, how
// it signs in to them, and the status of the connection to each. It knows nothing of instances.
//
//	accounts/            the types and rules (here), free of transport and storage
//	accounts/clouds      what belongs to one cloud, a folder each: rules of its ways to sign in, setup guide
//	accounts/guide       what the setup guides of all clouds share
//	accounts/grpc        the contract: AccountService and KeyService for all, ConnectionService for discovery
//	accounts/postgres    the only SQL
//	accounts/keys        encryption of secrets, with a local keyset or a cloud's KMS; the only cloud SDKs
//	accounts/app         configuration, wiring, run
//	accounts/cmd         the program
//
// # Credentials
//
// A way to sign in is a row in the descriptor of its cloud (services/internal/cloud): its name, its
// fields in the contract, and which of them is secret. Conversion and storage follow the descriptor;
// a row of accounts/clouds adds rules where a method needs them. A new method or cloud whose settings
// are texts needs no code in this service.
//
// # Secrets
//
// Credentials have the part that everyone may see; the secret is separate and is never shown:
//
//	request ─▶ Rules.TakeSecret (checked; key files are rewritten) ─▶ Seal ─▶ the table secrets
//	discovery ◀─ GetCredentials (counted, logged) ◀─ Open ◀─┘
//
// It is encrypted before any transaction begins, bound to the account and its cloud id, and
// decrypted for discovery only. A Secret prints as a placeholder.
//
// An account can sign in with the credentials of another account, its source, which may have a
// source in turn (Chain). An account that is a source can't be deleted.
//
// # Connection status
//
// Discovery reports that a sync runs (a lease, renewed while the worker lives), its outcome, or that
// it was abandoned. The outcome of the last finished sync and the lease of a running one are stored
// separately. The status that people see follows from both and from the time:
//
//	               Syncing(lease)
//	UNKNOWN ──────────────────────────▶ SYNCING ──┬─ Finished ──▶ CONNECTED, DEGRADED or FAILED
//	CONNECTED ────────────────────────▶           │
//	DEGRADED                                      ├─ Abandoned ─▶ the previous outcome
//	FAILED                                        │
//	                                              └─ lease expires ▶ the previous outcome
//
// So no account stays SYNCING after its worker died, without any cleanup.
//
// Each report has the fencing token of its run, which grows from run to run. A report with a smaller
// token than an earlier one is refused, and so is a report on a run that has ended: a worker that
// lost its lease can't overwrite the reports of the next run.
//
// The terms are in docs/glossary.md.
package accounts
