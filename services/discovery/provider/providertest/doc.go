// Package providertest is the suite that every discovery.Provider passes, on a
// simulated cloud that speaks the real one's wire protocol.
//
// It holds a provider to the contract of the seam: what it reads is the truth,
// whole; what it can't read it says, with a reason from the closed list; one
// scope's trouble is no other's; and it stops when it is told to, in time. Of a
// start or stop it says no more than the cloud's answer proves, and it makes one
// request for each.
package providertest
