// Package ratelimit shares the providers' API limits among all workers, and leaves a part of them to
// the accounts' own users.
//
// An API in one location of an account has a token bucket in Postgres: so many calls at once, and so
// many more each second, both a share of what the provider documents. A process leases a few tokens
// at a time, each with the time from which it is valid. So calls are served in the order in which
// they arrive, also across processes, and nobody waits in the database. A process returns tokens
// that it did not use.
//
//	worker ─ Take ───▶ Shared ── a few tokens ───────▶ api_budgets
//	       ─ Report ─▶   │   ◀─ valid from, rate ───────┘
//	                     └─ throttled: the rate halves, at most once a second
//
// The real limits are learned (additive increase, multiplicative decrease): a throttled call halves
// the rate, and use without throttling raises it slowly, up to the share. The rate never falls below
// a floor.
//
// While the database is away, each process continues at a quarter of the rate that it last knew.
// Calls are few then, because runs need the database.
package ratelimit
