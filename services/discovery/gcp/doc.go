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
// that failed, and never an empty one.
//
// # No partial truth
//
// Without returnPartialSuccess one zone that is away fails the whole list; with it
// the list names the zone under `unreachables` and in a warning. Cloud SQL has
// `warnings` for regions. Both are taken at their word; a warning that names no
// place fails all places. An answer that is not of the kind that was asked for, or
// that pages in circles, fails what it was to tell.
//
// # What signs in
//
// Key files come from users. They are read by keyfile and written anew before any
// of Google's libraries sees them, and here once more, since accounts and
// discovery need not be of one release.
package gcp
