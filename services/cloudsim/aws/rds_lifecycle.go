package aws

import (
	"errors"
	"net/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// changeDatabase answers an action on the database that a request names.
func changeDatabase(change func(req *request, name string) (cloudsim.Database, error)) action {
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

// databaseFailure turns an error about one database into RDS's.
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
	case errors.Is(resource, cloudsim.ErrInvalid):
		return fail(http.StatusBadRequest, "InvalidParameterCombination", "%s is a cluster's member, or has or is a read replica, and is not "+
			"eligible for starting or stopping.", resource.ID)
	default:
		return err
	}
}

func startDBInstance(req *request, name string) (cloudsim.Database, error) {
	return req.world.StartDatabase(req.call.Account, req.call.Region, name)
}

func stopDBInstance(req *request, name string) (cloudsim.Database, error) {
	return req.world.StopDatabase(req.call.Account, req.call.Region, name)
}

func deleteDBInstance(req *request, name string) (cloudsim.Database, error) {
	return req.world.DeleteDatabase(req.call.Account, req.call.Region, name)
}

// modifyDBInstance changes the class, the one property that is simulated, and does so at once.
func modifyDBInstance(req *request, name string) (cloudsim.Database, error) {
	class := req.form.Get("DBInstanceClass")
	if class == "" {
		return cloudsim.Database{}, fail(http.StatusBadRequest, "InvalidParameterCombination", "No modifications were requested")
	}
	return req.world.ResizeDatabase(req.call.Account, req.call.Region, name, class)
}

// changeCluster answers an action on the cluster that a request names.
func changeCluster(change func(w *cloudsim.World, account, region, id string) (cloudsim.Cluster, error)) action {
	return func(req *request, d *document) error {
		cluster, err := change(req.world, req.call.Account, req.call.Region, resourceName(req.form.Get("DBClusterIdentifier")))
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
	err := req.world.RetagDatabase(req.call.Account, req.call.Region, req.form.Get("ResourceName"), set, drop...)
	return databaseFailure(err)
}
