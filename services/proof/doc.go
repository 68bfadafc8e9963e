// Package proof tests Rollcall from outside, through its programs. bench measures it against limits
// from the same run, conformance runs it against an AWS server from another project, and chaos tests
// its invariants under faults. No other module depends on this one. It uses the clouds' SDKs as an
// independent reference.
package proof
