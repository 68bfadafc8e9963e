package aws

import (
	"net/http"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// describeDBInstances lists a page of databases, or the one with the given name.
func describeDBInstances(req *request, d *document) error {
	filters, err := parseRDSFilters(req, "db-instance-id dbi-resource-id db-cluster-id engine domain")
	if err != nil {
		return err
	}
	databases, err := req.cloud.Databases(req.call.Account, req.call.Region)
	if err != nil {
		return err
	}
	name := resourceName(req.form.Get("DBInstanceIdentifier"))
	found := name == "" || req.faults.Has(cloudsim.Empty)
	match := func(db *Database) bool {
		return (name == "" || db.ID == name) && filters.match(func(filter string) []string { return databaseValues(db, filter) })
	}
	err = page(req, d, "DBInstances", databases, func(db *Database) string { return db.ID }, match, func(db *Database) {
		found = true
		d.database(db)
	})
	if err == nil && !found {
		return noDatabase(name)
	}
	return err
}

// describeDBClusters lists a page of clusters, or the one with the given name.
func describeDBClusters(req *request, d *document) error {
	filters, err := parseRDSFilters(req, "db-cluster-id db-cluster-resource-id engine clone-group-id domain")
	if err != nil {
		return err
	}
	clusters, err := req.cloud.Clusters(req.call.Account, req.call.Region)
	if err != nil {
		return err
	}
	name := resourceName(req.form.Get("DBClusterIdentifier"))
	found := name == "" || req.faults.Has(cloudsim.Empty)
	match := func(c *Cluster) bool {
		return (name == "" || c.ID == name) && filters.match(func(filter string) []string { return clusterValues(c, filter) })
	}
	err = page(req, d, "DBClusters", clusters, func(c *Cluster) string { return c.ID }, match, func(c *Cluster) {
		found = true
		d.cluster(c)
	})
	if err == nil && !found {
		return noCluster(name)
	}
	return err
}

// resourceName returns the identifier in a name or ARN, in lower case because RDS ignores case.
func resourceName(id string) string {
	return strings.ToLower(id[strings.LastIndexByte(id, ':')+1:])
}

func noDatabase(name string) error {
	return fail(http.StatusNotFound, "DBInstanceNotFound", "DBInstance %s not found.", name)
}

func noCluster(name string) error {
	return fail(http.StatusNotFound, "DBClusterNotFoundFault", "DBCluster %s not found.", name)
}

func databaseValues(db *Database, filter string) []string {
	switch filter {
	case "db-instance-id":
		return []string{db.ID}
	case "dbi-resource-id":
		return []string{db.ResourceID}
	case "db-cluster-id":
		return []string{db.Cluster}
	case "engine":
		return []string{db.Engine}
	default:
		return nil
	}
}

func clusterValues(c *Cluster, filter string) []string {
	switch filter {
	case "db-cluster-id":
		return []string{c.ID}
	case "db-cluster-resource-id":
		return []string{c.ResourceID}
	case "engine":
		return []string{c.Engine}
	default:
		return nil
	}
}
