package aws

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// changeState implements StartInstances, StopInstances and TerminateInstances. done completes the
// error message for instances in a wrong state, such as "started".
func changeState(to State, done string) action {
	return func(req *request, d *document) error {
		ids := req.list("InstanceId")
		if len(ids) == 0 {
			return fail(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter InstanceId")
		}
		if err := checkIDs(ids); err != nil {
			return err
		}
		if err := checkDryRun(req); err != nil {
			return err
		}
		moves, err := req.cloud.Move(req.call.Account, req.call.Region, to, req.outcome(), ids...)
		if err != nil {
			return instanceFailure(err, "The instance '%s' is not in a state from which it can be "+done+".")
		}
		d.raw("<instancesSet>")
		for _, m := range moves {
			current, err := req.cloud.Instance(req.call.Account, req.call.Region, m.ID)
			if err == nil && m.Previous != m.Current {
				m.Current = current.State // the change may be complete already
			}
			d.raw("<item>")
			d.word("instanceId", m.ID)
			d.instanceState("currentState", m.Current)
			d.instanceState("previousState", m.Previous)
			d.raw("</item>")
		}
		d.raw("</instancesSet>")
		return nil
	}
}

// checkDryRun fails for dry runs: EC2 reports by an error that the request would have succeeded.
func checkDryRun(req *request) error {
	if req.form.Get("DryRun") == "true" {
		return fail(http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	return nil
}

// instanceFailure converts an error about an instance into EC2's error. wrongState is the message
// for an instance in a wrong state.
func instanceFailure(err error, wrongState string) error {
	resource, ok := errors.AsType[*cloudsim.ResourceError](err)
	if !ok {
		return err
	}
	switch {
	case errors.Is(resource, cloudsim.ErrNotFound):
		return notFound([]string{resource.ID})
	case errors.Is(resource, cloudsim.ErrWrongState):
		return fail(http.StatusBadRequest, "IncorrectInstanceState", wrongState, resource.ID)
	case errors.Is(resource, ErrInstanceStore):
		return fail(http.StatusBadRequest, "UnsupportedOperation", "The instance '%s' does not have an 'ebs' root device type and cannot be stopped.", resource.ID)
	case errors.Is(resource, ErrStopProtected):
		return fail(http.StatusBadRequest, "OperationNotPermitted", "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance "+
			"attribute and try again.", resource.ID)
	case errors.Is(resource, ErrOneTimeSpot):
		return fail(http.StatusBadRequest, "UnsupportedOperation", "You can't stop the Spot Instance '%s' because it is associated with a "+
			"one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.", resource.ID)
	default:
		return err
	}
}

// maxLaunch is the maximum number of instances in one launch.
const maxLaunch = 1000

// runInstances launches instances.
func runInstances(req *request, d *document) error {
	least, errMin := strconv.Atoi(req.form.Get("MinCount"))
	most, errMax := strconv.Atoi(req.form.Get("MaxCount"))
	if errMin != nil || errMax != nil || least < 1 || most < least || most > maxLaunch {
		return fail(http.StatusBadRequest, "InvalidParameterValue", "MinCount and MaxCount must be from 1 to %d, the first not the larger", maxLaunch)
	}
	image := req.form.Get("ImageId")
	if image == "" {
		return fail(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter ImageId")
	}
	if err := checkDryRun(req); err != nil {
		return err
	}
	launched, err := req.cloud.Launch(req.call.Account, req.call.Region, InstanceSpec{
		Count: most, Image: image, Type: cmp.Or(req.form.Get("InstanceType"), "m1.small"), Subnet: req.form.Get("SubnetId"),
		Spot:       req.form.Get("InstanceMarketOptions.MarketType") == "spot",
		Persistent: req.form.Get("InstanceMarketOptions.SpotOptions.SpotInstanceType") == "persistent", Tags: instanceTags(req),
	})
	if errors.Is(err, cloudsim.ErrNotFound) {
		return fail(http.StatusBadRequest, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", req.form.Get("SubnetId"))
	}
	if err != nil {
		return err
	}
	d.word("reservationId", reservationID(&launched[0]))
	d.word("ownerId", req.call.Account)
	d.raw("<groupSet/><instancesSet>")
	for i := range launched {
		d.instance(&launched[i], req.call.Account)
	}
	d.raw("</instancesSet>")
	return nil
}

// instanceTags returns the tags that a launch gives to its instances; never nil.
func instanceTags(req *request) map[string]string {
	tags := make(map[string]string)
	for i := 1; ; i++ {
		prefix := "TagSpecification." + strconv.Itoa(i)
		kind := req.form.Get(prefix + ".ResourceType")
		if kind == "" {
			return tags
		}
		if kind == "instance" {
			for _, t := range req.tags(prefix + ".Tag") {
				tags[t.Key] = t.Value
			}
		}
	}
}

// tags parses the numbered pairs prefix.N.Key and prefix.N.Value.
func (r *request) tags(prefix string) []cloudsim.Tag {
	var tags []cloudsim.Tag
	for i := 1; ; i++ {
		item := prefix + "." + strconv.Itoa(i)
		if !r.form.Has(item + ".Key") {
			return tags
		}
		tags = append(tags, cloudsim.Tag{Key: r.form.Get(item + ".Key"), Value: r.form.Get(item + ".Value")})
	}
}

// modifyInstanceAttribute changes the instance type. Other attributes are not simulated.
func modifyInstanceAttribute(req *request, d *document) error {
	id, instanceType := req.form.Get("InstanceId"), req.form.Get("InstanceType.Value")
	if req.form.Get("Attribute") == "instanceType" {
		instanceType = req.form.Get("Value")
	}
	if err := checkIDs([]string{id}); err != nil {
		return err
	}
	if instanceType == "" {
		return fail(http.StatusBadRequest, "InvalidParameterCombination", "No attributes specified.")
	}
	if err := req.cloud.Resize(req.call.Account, req.call.Region, id, instanceType); err != nil {
		return instanceFailure(err, "The instance '%s' is not in the 'stopped' state.")
	}
	d.raw("<return>true</return>")
	return nil
}

// createTags sets tags.
func createTags(req *request, d *document) error {
	set := make(map[string]string)
	for _, t := range req.tags("Tag") {
		set[t.Key] = t.Value
	}
	return retag(req, d, func(*Instance) (map[string]string, []string) { return set, nil })
}

// deleteTags removes tags: all of them, those with a key, or those with a key and a value.
func deleteTags(req *request, d *document) error {
	return retag(req, d, func(m *Instance) (map[string]string, []string) {
		var drop []string
		for i := 1; ; i++ {
			item := "Tag." + strconv.Itoa(i)
			if !req.form.Has(item + ".Key") {
				break
			}
			key := req.form.Get(item + ".Key")
			if !req.form.Has(item+".Value") || m.Tag(key) == req.form.Get(item+".Value") {
				drop = append(drop, key)
			}
		}
		if !numbered(req.form, "Tag") {
			for _, t := range m.Tags {
				drop = append(drop, t.Key)
			}
		}
		return nil, drop
	})
}

// retag changes the tags of the resources in a request. change returns the changes for an instance.
func retag(req *request, d *document, change func(*Instance) (set map[string]string, drop []string)) error {
	ids := req.list("ResourceId")
	if len(ids) == 0 {
		return fail(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter resourceIdSet")
	}
	if err := checkIDs(ids); err != nil {
		return err
	}
	var machines []Instance
	for _, id := range ids {
		m, err := req.cloud.Instance(req.call.Account, req.call.Region, id)
		if err != nil {
			return instanceFailure(err, "")
		}
		machines = append(machines, m)
	}
	for i := range machines {
		set, drop := change(&machines[i])
		if err := req.cloud.Retag(req.call.Account, req.call.Region, machines[i].ID, set, drop...); err != nil {
			return instanceFailure(err, "")
		}
	}
	d.raw("<return>true</return>")
	return nil
}
