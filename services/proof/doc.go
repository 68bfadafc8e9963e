// Package proof holds what judges Rollcall from outside, through its programs
// alone: bench measures it against limits taken in the same run, conformance
// takes an AWS server that is not ours through all of it, chaos tries to break
// its promises. Nothing depends on this module; it is the only one beside discovery that uses a cloud's SDK, as
// the other opinion.
package proof
