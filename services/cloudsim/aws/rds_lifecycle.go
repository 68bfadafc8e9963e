package aws

import (
	"errors"
	"net/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// changeDatabase implements an action on the database that a request names.
func changeDatabase(change func(req *request, name string) (Database, error)) action {
	return func(req *request, d *document) error {
		name := resourceName(req.form.Get("DBInstanceIdentifier"))
		db, err := change(req, name)
		if err != nil {
			return databaseFailure(err)
		}
		d.database(&db)
		return nil
	}
}

// databaseFailure converts an error about a database into RDS's error.
func databaseFailure(err error) error {
	resource, ok := errors.AsType[*cloudsim.ResourceError](err)
	if !ok {
		return err
	}
	switch {
	case errors.Is(resource, cloudsim.ErrNotFound):
		return noDatabase(resource.ID)
	case errors.Is(resource, cloudsim.ErrWrongState):
		return fail(http.StatusBadRequest, "InvalidDBInstanceState", "Instance %s cannot be changed as it is in the state %s.", resource.ID, resource.State)
	case errors.Is(resource, ErrMember):
		return fail(http.StatusBadRequest, "InvalidParameterCombination", "%s DB instances are not eligible for stopping or starting.", resource.State)
	case errors.Is(resource, cloudsim.ErrReplica):
		return fail(http.StatusBadRequest, "InvalidParameterCombination", "Cannot stop or start a Read-Replica instance")
	case errors.Is(resource, cloudsim.ErrHasReplicas):
		return fail(http.StatusBadRequest, "InvalidParameterCombination", "Cannot stop or start an instance that has Read-Replicas")
	case errors.Is(resource, ErrMirrored):
		return fail(http.StatusBadRequest, "InvalidParameterCombination", "Cannot stop or start a SQLServer instance with Multi-AZ mirroring")
	default:
		return err
	}
}

func startDBInstance(req *request, name string) (Database, error) {
	return req.cloud.StartDatabase(req.call.Account, req.call.Region, name, req.outcome())
}

func stopDBInstance(req *request, name string) (Database, error) {
	return req.cloud.StopDatabase(req.call.Account, req.call.Region, name, req.outcome())
}

func deleteDBInstance(req *request, name string) (Database, error) {
	return req.cloud.DeleteDatabase(req.call.Account, req.call.Region, name)
}

// modifyDBInstance changes the class at once. Other properties are not simulated.
func modifyDBInstance(req *request, name string) (Database, error) {
	class := req.form.Get("DBInstanceClass")
	if class == "" {
		return Database{}, fail(http.StatusBadRequest, "InvalidParameterCombination", "No modifications were requested")
	}
	return req.cloud.ResizeDatabase(req.call.Account, req.call.Region, name, class)
}

// changeCluster implements an action on the cluster that a request names.
func changeCluster(change func(cloud *Cloud, account, region, id string, outcome ...cloudsim.Outcome) (Cluster, error)) action {
	return func(req *request, d *document) error {
		cluster, err := change(req.cloud, req.call.Account, req.call.Region, resourceName(req.form.Get("DBClusterIdentifier")), req.outcome())
		if resource, ok := errors.AsType[*cloudsim.ResourceError](err); ok {
			switch {
			case errors.Is(resource, cloudsim.ErrNotFound):
				return noCluster(resource.ID)
			case errors.Is(resource, cloudsim.ErrWrongState):
				return fail(http.StatusBadRequest, "InvalidDBClusterStateFault", "DbCluster %s is in %s state.", resource.ID, resource.State)
			}
		}
		if err != nil {
			return err
		}
		d.cluster(&cluster)
		return nil
	}
}

// addTagsToResource sets tags of the database or cluster with an ARN.
func addTagsToResource(req *request, _ *document) error {
	set := make(map[string]string)
	for _, t := range req.tags("Tags.Tag") {
		set[t.Key] = t.Value
	}
	return retagDatabase(req, set, nil)
}

// removeTagsFromResource removes tags of the database or cluster with an ARN.
func removeTagsFromResource(req *request, _ *document) error {
	return retagDatabase(req, nil, req.list("TagKeys.member"))
}

func retagDatabase(req *request, set map[string]string, drop []string) error {
	err := req.cloud.RetagDatabase(req.call.Account, req.call.Region, req.form.Get("ResourceName"), set, drop...)
	return databaseFailure(err)
}
