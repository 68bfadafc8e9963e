package chaos

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func isPrecondition(err error) bool { return status.Code(err) == codes.FailedPrecondition }

// maxFaults is the maximum number of faults at one time.
const maxFaults = 5

// keepFault adds a fault, and removes the oldest if there are too many.
func (e *scenario) keepFault(name string, end func()) {
	e.faults = append(e.faults, activeFault{name, end})
	if len(e.faults) > maxFaults {
		e.removeFault(0)
	}
}

// removeFault removes one fault.
func (e *scenario) removeFault(n int) {
	if len(e.faults) == 0 {
		return
	}
	n %= len(e.faults)
	e.faults[n].end()
	e.faults = append(e.faults[:n:n], e.faults[n+1:]...)
}

// removeAllFaults removes all faults.
func (e *scenario) removeAllFaults() {
	for len(e.faults) > 0 {
		e.removeFault(0)
	}
}

// errorFaults are faults that fail, delay or break a response. None of them reports that an
// existing resource does not exist.
var errorFaults = []cloudsim.Fault{
	{Kind: cloudsim.Slow, Delay: 200 * time.Millisecond}, {Kind: cloudsim.Slow, Delay: 50 * time.Millisecond}, {Kind: cloudsim.Hang},
	{Kind: cloudsim.Drop}, {Kind: cloudsim.Drop, Probability: 0.5}, {Kind: cloudsim.Truncate}, {Kind: cloudsim.Malformed},
	{Kind: cloudsim.AccessDenied}, {Kind: cloudsim.Throttle}, {Kind: cloudsim.Throttle, Probability: 0.5},
	{Kind: cloudsim.ServerError}, {Kind: cloudsim.ServerError, Probability: 0.3}, {Kind: cloudsim.Unavailable},
	{Kind: cloudsim.Expired}, {Kind: cloudsim.Revoked}, {Kind: cloudsim.NotEnabled}, {Kind: cloudsim.FailMidway}, {Kind: cloudsim.FailMidway, Skip: 1},
	{Kind: cloudsim.EndlessPages}, {Kind: cloudsim.RepeatToken}, {Kind: cloudsim.FailMidway, Probability: 0.5},
	{Kind: cloudsim.ServerError, Of: cloudsim.ByID}, {Kind: cloudsim.Throttle, Of: cloudsim.ByID}, {Kind: cloudsim.Hang, Of: cloudsim.ByID},
}

// target picks the calls that a fault hits: a service of an account, in one region or in all.
func (e *scenario) target(s step) cloudsim.Call {
	name := pick(e.accountNames(), s.b)
	call := cloudsim.Call{Account: cloudID(name)}
	if isGoogle(name) {
		call.Service = pick([]string{"compute", "sqladmin", ""}, s.c)
		return call
	}
	call.Service = pick([]string{"ec2", "rds", "ec2", "rds", "sts", ""}, s.c)
	call.Region = pick([]string{amazonRegions[0], amazonRegions[1], ""}, s.c/7)
	return call
}

// injectFault makes calls to a cloud fail.
func (e *scenario) injectFault(s step) {
	fault := pick(errorFaults, s.a)
	fault.Call = e.target(s)
	if isGoogle(pick(e.accountNames(), s.b)) && s.a%3 == 0 {
		places := []string{"europe-west1-b", "europe-west1-c", "europe-west1", "us-central1-a", "us-central1"}
		fault = cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Account: fault.Account, Region: pick(places, s.c)}}
	}
	e.keepFault(fmt.Sprintf("%s of %+v", fault.Kind, fault.Call), e.world.Inject(fault))
}

// injectFalseAnswer makes the lists of one service omit existing resources with every sign of
// success. Reads by id stay correct, or fail to find the resources too: in one observation between
// two convergence checks, and only if the list is empty.
func (e *scenario) injectFalseAnswer(s step) {
	name := pick(e.accountNames(), s.b)
	fault := cloudsim.Fault{
		Kind: pick([]cloudsim.FaultKind{cloudsim.Empty, cloudsim.Incomplete, cloudsim.LastPage, cloudsim.Empty}, s.a), Of: cloudsim.Lists,
		Call: cloudsim.Call{Account: cloudID(name), Service: "ec2", Region: pick(amazonRegions, s.c)},
	}
	kind := "virtual-machine"
	if s.c%5 < 2 {
		fault.Service, kind = "rds", "database"
	}
	prefix := scopeOf(name, kind, fault.Region)
	if isGoogle(name) {
		fault.Service, fault.Region = "compute", ""
		if kind == "database" {
			fault.Service = "sqladmin"
		}
		prefix = scopeOf(name, kind, "")
	}
	var undo []func()
	if fault.Kind == cloudsim.Empty && s.a%2 == 1 && !e.falseByID[prefix] {
		e.falseByID[prefix] = true
		byID := fault
		byID.Of, byID.Count = cloudsim.ByID, 1
		undo = append(undo, e.world.Inject(byID))
	}
	end := e.exemptions.startFalseLists(func(scope string) bool { return strings.HasPrefix(scope, prefix) })
	undo = append(undo, e.world.Inject(fault), end)
	e.keepFault(fmt.Sprintf("%s lists of %s (and %d false reads by id)", fault.Kind, prefix, len(undo)-2), func() {
		for _, f := range undo {
			f()
		}
	})
}

// breakCredentials breaks the access to an account: its key, its sessions, or an API.
func (e *scenario) breakCredentials(s step) {
	name := pick(e.accountNames(), s.b)
	id := cloudID(name)
	switch {
	case !isGoogle(name):
		key := e.aws.Key(id).AccessKeyID
		e.aws.RevokeKey(key)
		e.keepFault("a revoked key of "+name, func() { e.aws.RestoreKey(key) })
	case s.a%3 == 0:
		service := pick([]string{"compute", "sqladmin"}, s.c)
		e.gcp.DisableAPI(id, service)
		e.keepFault(service+" is disabled in "+name, func() { e.gcp.EnableAPI(id, service) })
	default:
		e.gcp.RevokeServiceAccountKey(id)
		e.gcp.ExpireTokens(id)
		e.keepFault("a revoked key of "+name, func() { e.gcp.RestoreServiceAccountKey(id) })
	}
}
