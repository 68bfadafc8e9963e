// Package conformance runs Rollcall, as its users run it, against the EC2 and RDS of an AWS server
// from another project (moto, from PyPI). Its tests need the path of the server's program in
// ROLLCALL_MOTO_SERVER: `make conformance` installs it and runs them.
package conformance
