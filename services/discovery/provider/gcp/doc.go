// Package gcp reads Google Cloud projects behind the provider seam: Compute Engine
// VMs of every zone and Cloud SQL instances of every region. It is the one package
// that uses Google's clients.
//
//	Open ─▶ a token ─▶ zones.list ─▶ two listings, at the same time:
//	        (who are     (which        instances.aggregatedList   VMs of all zones
//	         we?)         zones?)      sqladmin instances.list    databases of all regions
//
// A listing serves many scopes (discovery.BatchSession): each zone of VMs and each
// region of databases is one. What the listing says it could not reach is a scope
// that failed, and never an empty one. Of VMs only the fields that the roll has are
// asked for: less than half of what a VM has to say.
//
// # No partial truth
//
// Without returnPartialSuccess one zone that is away fails the whole list; with it
// the list names the zone under `unreachables` and in a warning. Cloud SQL has
// `warnings` for regions. Both are taken at their word; a warning that names no
// place fails all places. An answer that is not of the kind that was asked for, or
// that pages in circles, fails what it was to tell.
//
// # Start and stop
//
//	Check ─▶ Find                                              what stands against it
//	Act ───▶ instances.start, resume, stop; instances.patch    one request, never repeated
//	Follow ▶ Find, zoneOperations.list or get; operations.get  how it goes
//
// Compute Engine takes a request id, and makes one request of two that share it.
// It says by an operation that fails that it has no capacity or quota left. An
// operation whose name was lost with the answer is found by that id, or, of Cloud
// SQL, by the time of the call (lifecycle_machines.go, lifecycle_databases.go).
//
// # What signs in
//
// Key files come from users. They are read by keyfile and written anew before any
// of Google's libraries sees them, and here once more, since accounts and
// discovery need not be of one release.
package gcp
