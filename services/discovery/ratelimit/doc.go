// Package budget shares the clouds' API limits among all workers, and leaves a
// part of them to the accounts' own users.
//
// An API in one location of an account has a bucket of tokens in Postgres: so
// many calls at once, so many more each second, both a share of what the cloud
// documents. A process takes a few tokens at a time, each with the time from
// which it is good: who asks first is served first, also across processes, and
// nobody waits in the database. What a process did not use it gives back.
//
//	worker ─ Take ─▶ Shared ── a few tokens ──▶ api_budgets
//	       ─ Told ─▶   │   ◀─ from when, how fast ─┘
//	                   └─ throttled: the rate halves, at most once a second
//
// How much the cloud allows in truth is learned (additive increase,
// multiplicative decrease): a call that is throttled halves the rate, and use
// without one raises it slowly, up to the share and never further. A floor keeps
// calls going.
//
// When the database is away, each process goes on by itself at a quarter of the
// rate that it last knew: calls are few then anyway, for runs need the database.
package ratelimit
