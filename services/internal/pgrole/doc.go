// Package pgrole gives each service its own corner of one Postgres database: a role rollcall_<service> that may log in,
// and a schema <service> that it owns and that is its whole search path. No service can read another's tables.
//
//	database rollcall
//	├── schema accounts    owner rollcall_accounts
//	├── schema inventory   owner rollcall_inventory
//	├── schema discovery   owner rollcall_discovery
//	└── schema public      nobody's
//
// Where the administrator's role may not create roles, as on many managed servers, all services share that role and are
// kept apart by their schemas only.
package pgrole
