// Package conformance takes the EC2 and RDS of an AWS server that is not ours
// (moto, from PyPI) through the whole of Rollcall, as its users run it. Its
// tests want the server's program in ROLLCALL_MOTO_SERVER: `make conformance`
// installs it and runs them.
package conformance
