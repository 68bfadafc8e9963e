// Package clients implements the clients of the accounts and inventory services that discovery's domain
// needs. It converts between their contracts and domain types, and their errors into faults.
package clients
