package gcp

// The names of the APIs.
const (
	computeAPI = "compute.googleapis.com"
	sqlAPI     = "sqladmin.googleapis.com"
)

// call describes a call for the texts of its faults.
type call struct {
	// service is the name of the service for people: Compute Engine.
	service string
	// location is a zone or a region. It may be empty.
	location string
	// api is the name of the API: compute.googleapis.com.
	api string
	// permission is the IAM permission that the call requires: compute.instances.list.
	permission string
	// optional reports whether projects can be read without the permission.
	optional bool
	// first reports whether the call is among the first of a run; see firstCallLimit.
	first bool

	project string
	signIn  *signIn
}

// machineCall describes a call of a method of Compute Engine. zone may be empty.
func machineCall(m method, zone string) call {
	return call{service: "Compute Engine", location: zone, api: computeAPI, permission: m.permission}
}

// databaseCall describes a call of Cloud SQL. region may be empty.
func databaseCall(permission, region string) call {
	return call{service: "Cloud SQL", location: region, api: sqlAPI, permission: permission}
}

// String returns the service and the location: `Compute Engine in europe-west1-b`.
func (c call) String() string {
	if c.location != "" {
		return c.service + " in " + c.location
	}
	return c.service
}
