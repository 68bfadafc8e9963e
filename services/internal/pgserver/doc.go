// Package pgserver runs a PostgreSQL server as a child of this process, for `rollcall up` and for tests.
//
// It uses the programs of this machine (14 or newer), or else those of one version, which
// the library github.com/fergusstrange/embedded-postgres downloads once into a cache
// folder. All files of a server are in one folder:
//
//	<dir>/lock           locked during the life of a Server; contains the pid of its owner
//	<dir>/password       the random password of the superuser postgres, 0600
//	<dir>/data           the cluster, created by initdb; it is complete or does not exist
//	<dir>/postgres.log   the output of the server; the previous part is postgres.log.1
//
// # Life of a server
//
//	Start ──▶ lock ──▶ programs ──▶ initdb once ──▶ stop an orphan ──▶ launch ──▶ READY
//	                                                                     ▲           │ the process died
//	                                                    same port, with  │           ▼
//	                                                            backoff  └────── RESTARTING
//	Stop: SIGINT (fast shutdown), SIGQUIT and then SIGKILL when its context ends
//
// postgres has its own process group, so that a Ctrl-C in the terminal reaches only this
// process, which then stops postgres. On Linux the kernel sends postgres a fast shutdown
// when this process dies for any reason. On other systems a killed parent leaves an orphan,
// which the next Start finds by its postmaster.pid and stops.
//
// # As root
//
// Postgres refuses to run as root. Root starts it as the owner of the existing data, or
// else as the user postgres, or else as nobody. On Linux the data folder is passed as an
// open file (/proc/self/fd/3), so that it may be below folders that only root can enter. The
// programs are found by path; those that the user can't reach are not used.
//
// A root that can't become another user (a container without capabilities or with a single
// user), and a user without a name (a container with a random id), run postgres in a user
// namespace in which they have the name of one of those users.
package pgserver
