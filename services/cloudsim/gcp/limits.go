package gcp

import "github.com/rollcall-dev/rollcall/services/cloudsim"

// Limits throttle the requests of a project. Every method has a bucket of its own for each project
// and location. The zero value limits nothing.
type Limits struct {
	// Compute is for each method of Compute Engine, SQLAdmin for each method of Cloud SQL Admin.
	Compute  cloudsim.Bucket
	SQLAdmin cloudsim.Bucket
}

// DocumentedLimits returns Google's default limits, which count by the minute: 1,500 reads of
// Compute Engine in a project, 180 calls of Cloud SQL Admin by a user. Sources: "API rate limits"
// of Compute Engine, "Quotas and limits" of Cloud SQL.
func DocumentedLimits() Limits {
	return Limits{
		Compute:  cloudsim.Bucket{Size: 1500, Refill: 25},
		SQLAdmin: cloudsim.Bucket{Size: 180, Refill: 3},
	}
}

// Admit takes a token for a call and reports whether there was one. Calls of services without a
// limit always pass.
func (c *Cloud) Admit(call cloudsim.Call) bool {
	switch call.Service {
	case "compute":
		return c.limiter.Admit(call, call.Service, c.cfg.Limits.Compute)
	case "sqladmin":
		return c.limiter.Admit(call, call.Service, c.cfg.Limits.SQLAdmin)
	}
	return true
}
