// Package read answers questions about the inventory. It implements inventory.Reader. Everything in one
// answer (the instances, their freshness and the total) is read from one snapshot of the database.
//
// A list takes one round trip, or two if the total of a first page is not known before:
//
//	freshness of the scopes that the filter can touch ▸ total ▸ page
//
// The total comes from instance_counts if the filter names only what is counted. Otherwise Postgres
// estimates it; few matches are counted, together with the page.
package read
