// Package changefeed sends changes of instances to watchers: each change that a watcher's filter matches, once, in
// the order of the log.
//
//	Postgres: log of changes
//	    │ one tail per replica while there are watchers: reads the head every few tens
//	    ▼ of milliseconds, and the new changes in batches
//	  ring of recent events, limited in number and bytes, indexed by account
//	    │ each watcher is a position in the log: it reads the events after it and
//	    ▼ matches its filter
//	  sender ──▶ stream
//
// A watcher has no queue. It has a position, and the changes after it are in the ring or, further back, in the
// database, from which it reads pages until the ring reaches back to it. A slow watcher therefore costs the others
// nothing and needs no more memory, a burst drops no watcher, and a resumed watcher is one that is further back. No
// change is lost or repeated where the two meet, because both are read by position.
//
// A watcher is dropped (WATCHER_TOO_SLOW) if its stream takes nothing for Config.SlowLimit, or takes so slowly that
// it comes no nearer to the head.
//
// # Positions and tokens
//
// A position is a revision with the time of its change and the identity of the log. All three are checked before a
// watcher continues. The token of another database, or of one that was restored from a backup since, is OUT_OF_RANGE
// and never a gap. While the existing instances are listed, a token is the position of the list and the UID of the
// last instance that was sent.
//
// # While the database is unavailable
//
// Watchers stay and receive nothing, because a heartbeat would mean that nothing happened. They continue when the
// database is back, and nothing is lost. After Config.AwayLimit they end with UNAVAILABLE and can resume elsewhere.
package changefeed
