// Package example reads the example cloud of docs/howto/add-a-provider.md, start and stop included.
// It is as small as a provider can be: a client for a JSON API and the conversion of its answers.
//
//	provider.go    Provider and Session: sign in, the plan of scopes, ids by their form
//	client.go      one call: rate limit, retries, bounded body, the fault of each error
//	read.go        listings, look-ups by id
//	lifecycle.go   start, stop, and following them
package example
