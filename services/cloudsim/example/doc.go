// Package example simulates a tiny cloud with a JSON API of its own, the example of
// docs/howto/add-a-provider.md. It has servers in zones and stores in regions:
//
//	GET  /v1/account                                     the account of the key
//	GET  /v1/regions                                     its regions and their zones
//	GET  /v1/servers?location=a-north&limit=&after=      a page of servers; /v1/stores likewise
//	GET  /v1/servers?location=a-north&id=…&id=…          some of them, and which ids do not exist
//	GET  /v1/resources/{id}                              one of either kind
//	POST /v1/servers/{id}:start, :stop  {"key": "…"}     begins a job; the same key is the same job
//
// Callers authenticate with a bearer token. Errors are {"error": CODE, "message": TEXT}.
package example
