package gcp

import (
	"strings"
)

// sqlInstance writes a Cloud SQL instance.
func (d *document) sqlInstance(req *request, i *SQLInstance) {
	project, base := req.project.ID, sqlURL(req)
	d.object("")
	d.word("kind", "sql#instance")
	d.word("state", string(i.State))
	d.word("databaseVersion", i.Version)
	d.word("databaseInstalledVersion", i.Installed)
	d.sqlSettings(i)
	d.word("etag", "sim-", i.Name)
	d.sqlAddresses(i)
	if i.ReplicaOf != "" {
		d.word("instanceType", "READ_REPLICA_INSTANCE")
		d.word("masterInstanceName", project, ":", i.ReplicaOf)
	} else {
		d.word("instanceType", "CLOUD_SQL_INSTANCE")
	}
	if len(i.Replicas) > 0 {
		d.array("replicaNames")
		for _, name := range i.Replicas {
			d.item(name)
		}
		d.endArray()
	}
	d.word("project", project)
	d.word("serviceAccountEmailAddress", "p0-sim@gcp-sa-cloud-sql.iam.gserviceaccount.com")
	d.word("backendType", "SECOND_GEN")
	d.word("selfLink", base, project, "/instances/", i.Name)
	d.word("connectionName", project, ":", i.Region, ":", i.Name)
	d.word("name", i.Name)
	d.word("region", i.Region)
	d.word("gceZone", i.Zone)
	if i.SecondaryZone != "" {
		d.word("secondaryGceZone", i.SecondaryZone)
	}
	d.utc("createTime", i.Created)
	d.endObject()
}

func (d *document) sqlSettings(i *SQLInstance) {
	d.object("settings")
	d.word("kind", "sql#settings")
	d.word("tier", i.Tier)
	if i.Regional {
		d.word("availabilityType", "REGIONAL")
	} else {
		d.word("availabilityType", "ZONAL")
	}
	if i.Active {
		d.word("activationPolicy", "ALWAYS")
	} else {
		d.word("activationPolicy", "NEVER")
	}
	d.word("pricingPlan", "PER_USE")
	d.word("replicationType", "SYNCHRONOUS")
	d.word("dataDiskType", "PD_SSD")
	d.id("dataDiskSizeGb", uint64(i.StorageGB))
	d.boolean("storageAutoResize", true)
	d.id("settingsVersion", 1)
	d.word("edition", "ENTERPRISE")
	d.object("ipConfiguration")
	d.boolean("ipv4Enabled", i.PublicIP.IsValid())
	d.word("privateNetwork", "projects/sim/global/networks/default")
	d.endObject()
	if len(i.Labels) > 0 {
		d.object("userLabels")
		for _, label := range i.Labels {
			d.next()
			d.quote(label.Key)
			d.raw(":")
			d.quote(label.Value)
		}
		d.endObject()
	}
	d.endObject()
}

func (d *document) sqlAddresses(i *SQLInstance) {
	if i.State == SQLPendingCreate {
		return // it has none before it is created
	}
	d.array("ipAddresses")
	if i.PublicIP.IsValid() {
		d.object("")
		d.word("type", "PRIMARY")
		d.address("ipAddress", i.PublicIP)
		d.endObject()
		d.object("")
		d.word("type", "OUTGOING")
		d.address("ipAddress", i.OutgoingIP)
		d.endObject()
	}
	if i.PrivateIP.IsValid() {
		d.object("")
		d.word("type", "PRIVATE")
		d.address("ipAddress", i.PrivateIP)
		d.endObject()
	}
	d.endArray()
}

// sqlOperation writes the present state of a Cloud SQL operation.
func (d *document) sqlOperation(req *request, op Operation) {
	base, project := sqlURL(req), req.project.ID
	done := op.Done(req.world.Now())
	d.object("")
	d.word("kind", "sql#operation")
	d.word("name", op.Name)
	d.word("operationType", strings.ToUpper(op.Kind))
	d.word("status", map[bool]string{true: "DONE", false: "RUNNING"}[done])
	d.text("user", op.User)
	d.utc("insertTime", op.Begun)
	d.utc("startTime", op.Begun)
	if done {
		d.utc("endTime", op.Ends)
	}
	if done && op.Failure != nil {
		d.operationError(op.Failure, "sql#operationError")
	}
	d.word("targetId", op.Target)
	d.word("targetProject", project)
	d.word("targetLink", base, project, "/instances/", op.Target)
	d.word("selfLink", base, project, "/operations/", op.Name)
	d.endObject()
}
