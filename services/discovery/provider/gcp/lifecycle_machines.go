package gcp

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// machineObstacle is why a VM can't be started or stopped now, or should not be
// (Compute Engine, "VM instance lifecycle" and "Suspend, stop, or reset").
func machineObstacle(i *provider.Instance, verb provider.Verb) *fault.Error {
	switch {
	case isGoing(i):
		return deleted(i.DisplayName)
	case verb == provider.Start && i.State == provider.StateStopping,
		verb == provider.Stop && i.ProviderState == "SUSPENDING",
		i.State == provider.StateMaintenance:
		return fault.ForReason(fault.ReasonInvalidState, fmt.Sprintf("%s is %s: that has to end first", i.DisplayName, i.ProviderState), "", nil).AsRetryable()
	case verb == provider.Start:
		return nil
	case i.Machine.AutoscalingGroup != "":
		return fault.ForReason(fault.ReasonCantStopAutoscaled,
			fmt.Sprintf("%s belongs to the managed instance group %s, which would start it again or make another one", i.DisplayName, i.Machine.AutoscalingGroup),
			"Resize the group, or use its own way to stop instances.", nil)
	case i.Machine.LocalDisks > 0:
		return fault.ForReason(fault.ReasonCantStopLocalDisk,
			fmt.Sprintf("%s has %d local SSDs, whose content would be lost", i.DisplayName, i.Machine.LocalDisks),
			"Save what is on them, and stop it in the cloud itself, saying that they are discarded.", nil)
	}
	return nil
}

// actOnMachine starts, resumes or stops one VM.
func (s *session) actOnMachine(ctx context.Context, order *provider.Order, calls provider.Calls) provider.Receipt {
	at := call{service: "Compute Engine", place: order.Location, api: computeAPI, permission: "compute.instances." + method(order)}
	return s.actOnce(ctx, order.Verb, at, calls, func(ctx context.Context, a *acting) (string, error) {
		name := order.Instance.DisplayName
		var op *compute.Operation
		var err error
		switch method(order) {
		case "start":
			op, err = got(a.compute.Instances.Start(s.project, order.Location, name).RequestId(order.Key).Context(ctx).Do())
		case "resume":
			op, err = got(a.compute.Instances.Resume(s.project, order.Location, name).RequestId(order.Key).Context(ctx).Do())
		default:
			op, err = got(a.compute.Instances.Stop(s.project, order.Location, name).RequestId(order.Key).Context(ctx).Do())
		}
		if err != nil {
			return "", err
		}
		if op.Name == "" {
			return "", &oddAnswerError{"operation", op.Kind}
		}
		return op.Name, nil
	})
}

// method is Compute Engine's name of what an order asks for. What is suspended is
// resumed.
func method(order *provider.Order) string {
	switch {
	case order.Verb == provider.Stop:
		return "stop"
	case order.Instance.State == provider.StateSuspended:
		return "resume"
	}
	return "start"
}

// clockSpare is how far our clock and Google's may be apart.
const clockSpare = 5 * time.Second

// machineWorks are the operations behind pursuits of VMs, by the VM's id: by
// their names, or, where an answer was lost, those on the VM of that kind that
// carry the key or began after the call.
func (s *session) machineWorks(ctx context.Context, zone string, pursuits []provider.Pursuit, calls provider.Calls) map[string]*work {
	works := map[string]*work{}
	at := call{service: "Compute Engine", place: zone, api: computeAPI, permission: "compute.zoneOperations.list"}
	for some := range slices.Chunk(pursuits, askedAtOnce) {
		filters := make([]string, len(some))
		for i := range some {
			filters[i] = "(targetId = " + some[i].Instance.ProviderID + ")"
			if some[i].Reference != "" {
				filters[i] = fmt.Sprintf("(name = %q)", some[i].Reference)
			}
		}
		var found []*compute.Operation
		err := eachPage(ctx, at, func(ctx context.Context, token string) (*compute.OperationList, string, error) {
			page, err := attempt(ctx, s, calls, at, func(ctx context.Context) (*compute.OperationList, error) {
				return got(s.compute.ZoneOperations.List(s.project, zone).Filter(strings.Join(filters, " OR ")).PageToken(token).Context(ctx).Do())
			})
			if err != nil {
				return nil, "", err
			}
			return page, page.NextPageToken, nil
		}, func(page *compute.OperationList) error {
			found = append(found, page.Items...)
			return nil
		})
		if err != nil && ctx.Err() != nil {
			return works
		}
		for i := range some {
			op := operationOf(&some[i], found)
			if op == nil && some[i].Reference != "" {
				op = s.operation(ctx, zone, some[i].Reference, calls)
			}
			if op != nil {
				works[some[i].Instance.ProviderID] = machineWork(op, at, some[i].Verb)
			}
		}
	}
	return works
}

// operation asks for one operation by its name, for which the permission to list
// them is not needed; nil when it can't be had.
func (s *session) operation(ctx context.Context, zone, name string, calls provider.Calls) *compute.Operation {
	at := call{service: "Compute Engine", place: zone, api: computeAPI, permission: "compute.zoneOperations.get"}
	op, err := attempt(ctx, s, calls, at, func(ctx context.Context) (*compute.Operation, error) {
		return got(s.compute.ZoneOperations.Get(s.project, zone, name).Context(ctx).Do())
	})
	if err != nil || op.Status == "" {
		return nil
	}
	return op
}

// operationOf is the one among operations that a pursuit's call began.
func operationOf(p *provider.Pursuit, found []*compute.Operation) *compute.Operation {
	for _, op := range found {
		switch {
		case op == nil:
		case p.Reference != "":
			if op.Name == p.Reference {
				return op
			}
		case strconv.FormatUint(op.TargetId, 10) != p.Instance.ProviderID || op.OperationType != method(&p.Order):
		case op.ClientOperationId != "":
			if strings.EqualFold(op.ClientOperationId, p.Key) {
				return op
			}
		case !timeOf(op.InsertTime).Before(p.CallTime.Add(-clockSpare)):
			return op
		}
	}
	return nil
}

func machineWork(op *compute.Operation, at call, verb provider.Verb) *work {
	w := &work{reference: op.Name, done: op.Status == "DONE"}
	if op.Error != nil && len(op.Error.Errors) > 0 && op.Error.Errors[0] != nil {
		first := op.Error.Errors[0]
		w.done, w.refusal = true, operationRefusal(at, verb, first.Code, first.Message)
	}
	return w
}
