// Package up is `rollcall up`: all of Rollcall on one machine, in one process, with a Postgres of its own.
//
//	        ┌────────────────────────── one process ──────────────────────────┐
//	8080 ──▶│ gateway ══pipes══▶ accounts, inventory, discovery ──▶ Postgres  │   a child process,
//	9090 ──▶│                                  │                 or yours     │   data below the data folder
//	        │                                  ▼                              │
//	        │              the clouds, or cloudsim's demo company             │
//	        └─────────────────────────────────────────────────────────────────┘
//
// Each service is opened by its own app.New and served by its Run, the door that production uses. Here they hold a role
// and a schema each in one database, talk through pipes in memory, and only the gateway listens on the network.
//
// # Order
//
// Everything opens from the ground up and closes in reverse, also when a later step fails:
//
//	ports free? ─▶ Postgres ─▶ roles, schemas ─▶ cloud: yours, the demo or none ─▶ accounts, inventory
//	  ─▶ the roll settled (settle.go) ─▶ discovery, gateway ─▶ first sync ─▶ summary
//
// # The data folder
//
//	<dir>/postgres       the database, see package pgserver; its lock makes a second `up` on the folder fail
//	<dir>/rollcall.log   the log while `up` runs on a terminal; elsewhere the log goes to stderr
//	<dir>/secret         the key that the passwords of the services' roles are made from when the database has none
package up
