// Package pgrole gives each service its own part of one Postgres database: a role
// rollcall_<service> with login, and a schema <service> that the role owns and that is its
// only search path. No service can read the tables of another one.
//
//	database rollcall
//	├── schema accounts    owner rollcall_accounts
//	├── schema inventory   owner rollcall_inventory
//	├── schema discovery   owner rollcall_discovery
//	└── schema public      not used
//
// If the role of the administrator is not allowed to create roles, as on many managed
// servers, all services share that role and are separated by their schemas only.
package pgrole
