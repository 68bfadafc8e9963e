package gcp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

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
	return s.actOnce(ctx, order.Verb, machineCall(methodOf(order), order.Location), calls, func(ctx context.Context, transport http.RoundTripper) (string, error) {
		op, err := s.changeMachine(ctx, transport, order)
		if err != nil {
			return "", err
		}
		if op.Name() == "" {
			return "", &oddAnswerError{"operation", op.Proto().GetKind()}
		}
		return op.Name(), nil
	})
}

// changeMachine sends the request of an order.
func (s *session) changeMachine(ctx context.Context, transport http.RoundTripper, order *provider.Order) (*compute.Operation, error) {
	m := methodOf(order)
	client, err := s.instances(ctx, m, transport)
	if err != nil {
		return nil, err
	}
	zone, name, key := order.Location, order.Instance.DisplayName, optional(order.Key)
	switch m {
	case instancesStart:
		return client.Start(ctx, &computepb.StartInstanceRequest{Project: s.project, Zone: zone, Instance: name, RequestId: key})
	case instancesResume:
		return client.Resume(ctx, &computepb.ResumeInstanceRequest{Project: s.project, Zone: zone, Instance: name, RequestId: key})
	}
	return client.Stop(ctx, &computepb.StopInstanceRequest{Project: s.project, Zone: zone, Instance: name, RequestId: key})
}

// methodOf returns the method that an order asks for. A suspended VM is resumed.
func methodOf(order *provider.Order) method {
	switch {
	case order.Verb == provider.Stop:
		return instancesStop
	case order.Instance.State == provider.StateSuspended:
		return instancesResume
	}
	return instancesStart
}

// operationTypeOf returns the type that Compute Engine gives to the operation of an order: start.
func operationTypeOf(order *provider.Order) string {
	return strings.TrimPrefix(methodOf(order).permission, "compute.instances.")
}

// clockSpare is how far our clock and Google's may be apart.
const clockSpare = 5 * time.Second

// machineWorks are the operations behind pursuits of VMs, by the VM's id: by
// their names, or, where an answer was lost, those on the VM of that kind that
// carry the key or began after the call.
func (s *session) machineWorks(ctx context.Context, zone string, pursuits []provider.PlacedOrder, calls provider.Calls) map[string]*work {
	works := map[string]*work{}
	at := machineCall(zoneOperationsList, zone)
	for some := range slices.Chunk(pursuits, askedAtOnce) {
		filters := make([]string, len(some))
		for i := range some {
			filters[i] = "(targetId = " + some[i].Instance.ProviderID + ")"
			if some[i].Reference != "" {
				filters[i] = fmt.Sprintf("(name = %q)", some[i].Reference)
			}
		}
		var found []*computepb.Operation
		err := eachPage(ctx, at, func(ctx context.Context, token string) (*computepb.OperationList, string, error) {
			page, err := attempt(ctx, s, calls, at, func(ctx context.Context) (*computepb.OperationList, error) {
				return s.operationsPage(ctx, &computepb.ListZoneOperationsRequest{
					Project: s.project, Zone: zone, Filter: proto.String(strings.Join(filters, " OR ")), PageToken: optional(token),
				})
			})
			return page, page.GetNextPageToken(), err
		}, func(page *computepb.OperationList) error {
			found = append(found, page.GetItems()...)
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

// operationsPage gets one page of the list of a zone's operations.
func (s *session) operationsPage(ctx context.Context, request *computepb.ListZoneOperationsRequest) (*computepb.OperationList, error) {
	client, err := s.zoneOperations(ctx, zoneOperationsList)
	if err != nil {
		return nil, err
	}
	pages := client.List(ctx, request)
	_, err = pages.Next()
	return firstPage[*computepb.OperationList](pages.Response, err)
}

// operation asks for one operation by its name, for which the permission to list
// them is not needed; nil when it can't be had.
func (s *session) operation(ctx context.Context, zone, name string, calls provider.Calls) *computepb.Operation {
	op, err := attempt(ctx, s, calls, machineCall(zoneOperationsGet, zone), func(ctx context.Context) (*computepb.Operation, error) {
		client, err := s.zoneOperations(ctx, zoneOperationsGet)
		if err != nil {
			return nil, err
		}
		return client.Get(ctx, &computepb.GetZoneOperationRequest{Project: s.project, Zone: zone, Operation: name})
	})
	if err != nil || op.Status == nil {
		return nil
	}
	return op
}

// operationOf is the one among operations that a pursuit's call began.
func operationOf(p *provider.PlacedOrder, found []*computepb.Operation) *computepb.Operation {
	for _, op := range found {
		switch {
		case p.Reference != "":
			if op.GetName() == p.Reference {
				return op
			}
		case strconv.FormatUint(op.GetTargetId(), 10) != p.Instance.ProviderID || op.GetOperationType() != operationTypeOf(&p.Order):
		case op.GetClientOperationId() != "":
			if strings.EqualFold(op.GetClientOperationId(), p.Key) {
				return op
			}
		case !timeOf(op.GetInsertTime()).Before(p.CallTime.Add(-clockSpare)):
			return op
		}
	}
	return nil
}

func machineWork(op *computepb.Operation, at call, verb provider.Verb) *work {
	w := &work{reference: op.GetName(), done: op.GetStatus() == computepb.Operation_DONE}
	if all := op.GetError().GetErrors(); len(all) > 0 {
		w.done, w.refusal = true, operationRefusal(at, verb, all[0].GetCode(), all[0].GetMessage())
	}
	return w
}
