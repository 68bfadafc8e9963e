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

// mostFaults are there at one time; the oldest gives way.
const mostFaults = 5

// keepFault remembers a fault, and ends the oldest when there are many.
func (e *episode) keepFault(name string, end func()) {
	e.faults = append(e.faults, activeFault{name, end})
	if len(e.faults) > mostFaults {
		e.healFault(0)
	}
}

// healFault ends one fault.
func (e *episode) healFault(n int) {
	if len(e.faults) == 0 {
		return
	}
	n %= len(e.faults)
	e.faults[n].end()
	e.faults = append(e.faults[:n:n], e.faults[n+1:]...)
}

// healAll ends all faults.
func (e *episode) healAll() {
	for len(e.faults) > 0 {
		e.healFault(0)
	}
}

// honest are the faults that fail, or hold up, or break an answer: none of them
// says that something is not there.
var honest = []cloudsim.Fault{
	{Kind: cloudsim.Slow, Delay: 200 * time.Millisecond}, {Kind: cloudsim.Slow, Delay: 50 * time.Millisecond}, {Kind: cloudsim.Hang},
	{Kind: cloudsim.Drop}, {Kind: cloudsim.Drop, Probability: 0.5}, {Kind: cloudsim.Truncate}, {Kind: cloudsim.Malformed},
	{Kind: cloudsim.AccessDenied}, {Kind: cloudsim.Throttle}, {Kind: cloudsim.Throttle, Probability: 0.5},
	{Kind: cloudsim.ServerError}, {Kind: cloudsim.ServerError, Probability: 0.3}, {Kind: cloudsim.Unavailable},
	{Kind: cloudsim.Expired}, {Kind: cloudsim.Revoked}, {Kind: cloudsim.NotEnabled}, {Kind: cloudsim.FailMidway}, {Kind: cloudsim.FailMidway, Skip: 1},
	{Kind: cloudsim.EndlessPages}, {Kind: cloudsim.RepeatToken}, {Kind: cloudsim.FailMidway, Probability: 0.5},
	{Kind: cloudsim.ServerError, Of: cloudsim.ByID}, {Kind: cloudsim.Throttle, Of: cloudsim.ByID}, {Kind: cloudsim.Hang, Of: cloudsim.ByID},
}

// place chooses what a fault is about: a service of an account, in one region or
// in all.
func (e *episode) place(s step) cloudsim.Call {
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
func (e *episode) injectFault(s step) {
	fault := pick(honest, s.a)
	fault.Call = e.place(s)
	if isGoogle(pick(e.accountNames(), s.b)) && s.a%3 == 0 {
		places := []string{"europe-west1-b", "europe-west1-c", "europe-west1", "us-central1-a", "us-central1"}
		fault = cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Account: fault.Account, Region: pick(places, s.c)}}
	}
	e.keepFault(fmt.Sprintf("%s of %+v", fault.Kind, fault.Call), e.world.Inject(fault))
}

// injectLie makes the lists of one service lack what is there, with every sign of
// success. Asked by id, the cloud is honest, or lies as well: for one observation
// between two quiets, and only when it has already lost everything of the scope.
func (e *episode) injectLie(s step) {
	name := pick(e.accountNames(), s.b)
	lies := cloudsim.Fault{
		Kind: pick([]cloudsim.FaultKind{cloudsim.Empty, cloudsim.Incomplete, cloudsim.LastPage, cloudsim.Empty}, s.a), Of: cloudsim.Lists,
		Call: cloudsim.Call{Account: cloudID(name), Service: "ec2", Region: pick(amazonRegions, s.c)},
	}
	kind := "virtual-machine"
	if s.c%5 < 2 {
		lies.Service, kind = "rds", "database"
	}
	prefix := scopeOf(name, kind, lies.Region)
	if isGoogle(name) {
		lies.Service, lies.Region = "compute", ""
		if kind == "database" {
			lies.Service = "sqladmin"
		}
		prefix = scopeOf(name, kind, "")
	}
	var undo []func()
	if lies.Kind == cloudsim.Empty && s.a%2 == 1 && !e.deceived[prefix] {
		e.deceived[prefix] = true
		asWell := lies
		asWell.Of, asWell.Count = cloudsim.ByID, 1
		undo = append(undo, e.world.Inject(asWell))
	}
	end := e.startLie(func(scope string) bool { return strings.HasPrefix(scope, prefix) })
	undo = append(undo, e.world.Inject(lies), end)
	e.keepFault(fmt.Sprintf("%s lists of %s (and %d more lies)", lies.Kind, prefix, len(undo)-2), func() {
		for _, f := range undo {
			f()
		}
	})
}

// breakCredentials takes an account's way in away: its key, its sessions, or an
// API.
func (e *episode) breakCredentials(s step) {
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
