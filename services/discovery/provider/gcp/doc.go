// Package gcp reads Google Cloud projects: the Compute Engine VMs of all zones and the Cloud SQL
// instances of all regions. It also starts and stops them. No other package imports Google's
// clients for them.
//
//	Open ─▶ token ─▶ zones.list ─▶ two listings, concurrently:
//	                                 instances.aggregatedList   VMs of all zones
//	                                 sqladmin instances.list    databases of all regions
//
// One listing serves many scopes (provider.BatchSession): each zone of VMs and each region of
// databases. A zone or region that the listing could not reach is a failed scope, never an empty
// one.
//
// # Compute Engine
//
// VMs are read through cloud.google.com/go/compute/apiv1. Each call has a generated client of its
// own, whose transport adds what the generated code has no means for (compute_client.go). Only the
// fields that are read here are requested (compute_methods.go), because decoding a VM with all its
// fields takes twice as long.
//
// # Incomplete listings
//
// Without returnPartialSuccess one unreachable zone fails the whole list. With it the list names
// the zone under `unreachables` and in a warning. Cloud SQL has `warnings` for regions. A warning
// that names no location fails all locations. An answer of another kind than requested, or a
// listing with the same page token twice, fails everything that it was to list.
//
// # Start and stop
//
//	Check ─▶ Probe                                              obstacles before the call
//	Act ───▶ instances.start, resume, stop; instances.patch     one request, never repeated
//	Follow ▶ Probe, zoneOperations.list or get; operations.get  progress
//
// Compute Engine accepts a request id and treats two requests with the same id as one. It reports
// missing capacity and quota by an operation that fails. If the name of an operation was lost with
// the answer, the operation is found by the request id, and one of Cloud SQL by the time of the
// call (operate_machines.go, operate_databases.go).
//
// # Credentials
//
// Key files come from users. Package keyfile parses them and writes them again before any of
// Google's libraries reads them: in accounts, and once more here, because accounts and discovery
// may run different releases.
//
// The terms are those of docs/glossary.md.
package gcp
