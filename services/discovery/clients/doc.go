// Package roll is the accounts and inventory services as discovery's domain
// needs them: the border with their contracts. What comes back is domain types
// and faults.
package clients
