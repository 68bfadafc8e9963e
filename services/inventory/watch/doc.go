// Package watch tells watchers what happens to the roll: every change that their
// filter concerns, once, in the order of the log.
//
//	Postgres: log of changes
//	    │ one tail a replica, while there are watchers: asks for the head every
//	    ▼ few tens of milliseconds and reads what is new, in batches
//	  ring of recent events, bounded in number and bytes, indexed by account
//	    │ each watcher is a place in the log: it takes what comes after, asks its
//	    ▼ filter, and hands on what passes
//	  sender ──▶ stream
//
// A watcher has no queue: it holds a place, and what it has yet to be told is in
// the ring, or, further back, in the database, from which it reads pages until the
// ring reaches back to it. So a slow watcher costs others nothing and grows no
// memory, a burst drops nobody, and a resumed watcher is one that is further back.
// Nothing can be missed or come twice where the two meet: both are read by place.
//
// A watcher is dropped (inventory.ReasonTooSlow) when it takes nothing for
// Config.SlowLimit, or takes so slowly that it gets no nearer to the head.
//
// # Places and tokens
//
// A place is a revision with the time of its change and the identity of the log.
// All three are checked before a watcher goes on: a token of another database, or of
// one that was since restored from a backup, is OUT_OF_RANGE and never a hole. In
// the middle of the list of what is there, a token is the place that the list is as
// of and the id of the last instance that was told.
//
// # When the database is away
//
// Watchers stay, and hear nothing: a heartbeat would say that nothing happened.
// When it is back they go on, and nothing was missed. After Config.AwayLimit they
// end with UNAVAILABLE, and can resume elsewhere.
package watch
