// Package pgserver runs a PostgreSQL server as a child of this process, for `rollcall up` and for tests.
//
// The programs are the ones already on the machine (14 or newer), else those of one version, which the library
// github.com/fergusstrange/embedded-postgres fetches, once, into a cache folder. Everything the server
// keeps stands in one folder:
//
//	<dir>/lock           flocked for the life of a Server; holds the pid of its owner
//	<dir>/password       the random password of the superuser postgres, 0600
//	<dir>/data           the cluster, made by initdb; it appears complete or not at all
//	<dir>/postgres.log   what the server printed; the previous piece is postgres.log.1
//
// # Life of a server
//
//	Start ──▶ lock ──▶ programs ──▶ initdb once ──▶ stop an orphan ──▶ launch ──▶ READY
//	                                                                     ▲           │ the process died
//	                                                    same port, with  │           ▼
//	                                                            backoff  └────── RESTARTING
//	Stop: SIGINT (fast shutdown), SIGQUIT and then SIGKILL when its context ends
//
// postgres stands in a process group of its own, so a Ctrl-C in the terminal reaches only this process, which then stops
// postgres in its own time. On Linux the kernel sends postgres a fast shutdown when this process dies, however it dies.
// Elsewhere a killed parent leaves an orphan, which the next Start finds by its postmaster.pid and stops.
//
// # As root
//
// Postgres refuses to run as root, so root starts it as the owner of the existing data, else as the user postgres, else
// as nobody. On Linux the data folder is handed over as an open file (/proc/self/fd/3), so that it may lie below
// folders that only root may enter. The programs are reached by path: the ones that user can't reach are passed over.
//
// A root that may not become another user (a container without capabilities or with a single user), and a user without a
// name (a container with a random id), run postgres in a user namespace in which they look like one of those users.
package pgserver
