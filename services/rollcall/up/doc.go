// Package up is `rollcall up`: all of Rollcall on one machine, in one process, with its own
// Postgres.
//
//	        ┌────────────────────────── one process ──────────────────────────┐
//	8080 ──▶│ gateway ══pipes══▶ accounts, inventory, discovery ──▶ Postgres  │   a child process, or
//	9090 ──▶│                                  │                              │   your own database
//	        │                                  ▼                              │
//	        │              the clouds, or cloudsim's demo company             │
//	        └─────────────────────────────────────────────────────────────────┘
//
// Each service is built by its own app.New and served by its Run, as in production. Here each
// service has a role and a schema in one database, the services communicate through pipes in
// memory, and only the gateway listens on the network.
//
// # Order
//
// Everything is opened in this order and closed in reverse, also if a step fails:
//
//	listeners ─▶ Postgres ─▶ roles, schemas ─▶ accounts, inventory ─▶ source: the user's clouds or the
//	  demo (cloud.go) ─▶ discovery, gateway ─▶ first sync ─▶ summary
//
// # The data folder
//
//	<dir>/postgres       the database, see package pgserver; a lock prevents a second `up` on the folder
//	<dir>/rollcall.log   the log while `up` runs on a terminal; otherwise the log goes to stderr
//	<dir>/secret         the secret from which the passwords of the roles are derived, if the URL of the
//	                     database has no password
//	<dir>/keyset.json    the keyset that encrypts secrets
package up
