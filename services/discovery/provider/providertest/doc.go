// Package providertest is the suite that every provider passes, on a simulated cloud that speaks the
// wire protocol of the real one.
//
// It checks the contract of package provider: what a provider reads is complete and correct; what it
// can't read has a fault with a reason; a fault of one scope does not affect the others; and calls
// end with their context. A start or stop reports no more than the answer of the cloud proves, and
// makes one request.
package providertest
