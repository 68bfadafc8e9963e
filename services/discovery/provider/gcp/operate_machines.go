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

// machineObstacle returns why a VM can't be started or stopped now, or should not be (Compute
// Engine, "VM instance lifecycle" and "Suspend, stop, or reset"). It returns nil if nothing is known.
func machineObstacle(i *provider.Instance, verb provider.Verb) *fault.Error {
	switch {
	case isBeingDeleted(i):
		return errDeleted(i.DisplayName)
	case verb == provider.Start && i.State == provider.StateStopping,
		verb == provider.Stop && i.ProviderState == "SUSPENDING",
		i.State == provider.StateMaintenance:
		return errBusy(i)
	case verb == provider.Start:
		return nil
	case i.Machine.AutoscalingGroup != "":
		return fault.ForReason(fault.ReasonCantStopAutoscaled,
			fmt.Sprintf("%s belongs to the managed instance group %s, which would start it again or create another one", i.DisplayName, i.Machine.AutoscalingGroup),
			"Resize the group, or stop instances with the group's own commands.", nil)
	case i.Machine.LocalDisks > 0:
		return fault.ForReason(fault.ReasonCantStopLocalDisk,
			fmt.Sprintf("%s has %d local SSDs, whose content would be lost", i.DisplayName, i.Machine.LocalDisks),
			"Save their content, and stop the VM in the cloud with the option to discard them.", nil)
	}
	return nil
}

// errBusy returns the fault of an instance whose state changes by itself. It is retryable.
func errBusy(i *provider.Instance) *fault.Error {
	return fault.ForReason(fault.ReasonInvalidState, fmt.Sprintf("%s is %s, which must end first", i.DisplayName, i.ProviderState), "", nil).AsRetryable()
}

// actOnMachine starts, resumes or stops one VM.
func (s *session) actOnMachine(ctx context.Context, order *provider.Order, calls provider.Calls) provider.Receipt {
	c := machineCall(methodOf(order), order.Location)
	return s.actOnce(ctx, order.Verb, c, calls, func(ctx context.Context, transport http.RoundTripper) (string, error) {
		op, err := s.changeMachine(ctx, transport, order)
		if err != nil {
			return "", err
		}
		if op.Name() == "" {
			return "", &unexpectedAnswerError{"operation", op.Proto().GetKind()}
		}
		return op.Name(), nil
	})
}

// changeMachine sends the request of an order.
func (s *session) changeMachine(ctx context.Context, transport http.RoundTripper, order *provider.Order) (*compute.Operation, error) {
	m := methodOf(order)
	client, err := s.instancesClient(ctx, m, transport)
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

// methodOf returns the method of an order. A suspended VM is resumed.
func methodOf(order *provider.Order) method {
	switch {
	case order.Verb == provider.Stop:
		return instancesStop
	case order.Instance.State == provider.StateSuspended:
		return instancesResume
	}
	return instancesStart
}

// operationTypeOf returns the type of the operation that an order begins: start, resume or stop.
func operationTypeOf(order *provider.Order) string {
	return strings.TrimPrefix(methodOf(order).permission, "compute.instances.")
}

// clockTolerance is the largest difference between our clock and Google's.
const clockTolerance = 5 * time.Second

// machineOperations returns the operations that orders began, by the id of the VM. An operation is
// found by its name. If the name was lost with the answer, it is the operation of that type on the
// VM which has the key of the order or began after the call.
func (s *session) machineOperations(ctx context.Context, zone string, orders []provider.PlacedOrder, calls provider.Calls) map[string]*cloudOperation {
	operations := map[string]*cloudOperation{}
	for chunk := range slices.Chunk(orders, probedTogether) {
		found, err := s.listOperations(ctx, zone, operationFilter(chunk), calls)
		if err != nil && ctx.Err() != nil {
			return operations
		}
		for i := range chunk {
			op := findOperation(&chunk[i], found)
			if op == nil && chunk[i].Reference != "" {
				op = s.getOperation(ctx, zone, chunk[i].Reference, calls)
			}
			if op != nil {
				c := machineCall(zoneOperationsList, zone)
				operations[chunk[i].Instance.ProviderID] = machineOperation(op, c, chunk[i].Verb)
			}
		}
	}
	return operations
}

// operationFilter returns the filter for the operations of orders.
func operationFilter(orders []provider.PlacedOrder) string {
	filters := make([]string, len(orders))
	for i := range orders {
		filters[i] = "(targetId = " + orders[i].Instance.ProviderID + ")"
		if orders[i].Reference != "" {
			filters[i] = fmt.Sprintf("(name = %q)", orders[i].Reference)
		}
	}
	return strings.Join(filters, " OR ")
}

// listOperations lists the operations of a zone that match a filter. With an error it returns those
// of the pages before.
func (s *session) listOperations(ctx context.Context, zone, filter string, calls provider.Calls) ([]*computepb.Operation, error) {
	var found []*computepb.Operation
	c := machineCall(zoneOperationsList, zone)
	err := eachPage(ctx, c, func(ctx context.Context, token string) (*computepb.OperationList, string, error) {
		page, err := attempt(ctx, s, calls, c, func(ctx context.Context) (*computepb.OperationList, error) {
			return s.operationsPage(ctx, &computepb.ListZoneOperationsRequest{
				Project: s.project, Zone: zone, Filter: proto.String(filter), PageToken: optional(token),
			})
		})
		return page, page.GetNextPageToken(), err
	}, func(page *computepb.OperationList) error {
		found = append(found, page.GetItems()...)
		return nil
	})
	return found, err
}

// operationsPage fetches one page of the list of a zone's operations.
func (s *session) operationsPage(ctx context.Context, request *computepb.ListZoneOperationsRequest) (*computepb.OperationList, error) {
	client, err := s.zoneOperationsClient(ctx, zoneOperationsList)
	if err != nil {
		return nil, err
	}
	pages := client.List(ctx, request)
	_, err = pages.Next()
	return firstPage[*computepb.OperationList](pages.Response, err)
}

// getOperation fetches one operation by its name, which does not need the permission to list them.
// It returns nil if there is no answer about it.
func (s *session) getOperation(ctx context.Context, zone, name string, calls provider.Calls) *computepb.Operation {
	op, err := attempt(ctx, s, calls, machineCall(zoneOperationsGet, zone), func(ctx context.Context) (*computepb.Operation, error) {
		client, err := s.zoneOperationsClient(ctx, zoneOperationsGet)
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

// findOperation returns the operation that the call of an order began, or nil.
func findOperation(order *provider.PlacedOrder, found []*computepb.Operation) *computepb.Operation {
	for _, op := range found {
		switch {
		case order.Reference != "":
			if op.GetName() == order.Reference {
				return op
			}
		case strconv.FormatUint(op.GetTargetId(), 10) != order.Instance.ProviderID || op.GetOperationType() != operationTypeOf(&order.Order):
		case op.GetClientOperationId() != "":
			if strings.EqualFold(op.GetClientOperationId(), order.Key) {
				return op
			}
		case !parseTime(op.GetInsertTime()).Before(order.CallTime.Add(-clockTolerance)):
			return op
		}
	}
	return nil
}

func machineOperation(op *computepb.Operation, c call, verb provider.Verb) *cloudOperation {
	o := &cloudOperation{name: op.GetName(), done: op.GetStatus() == computepb.Operation_DONE}
	if failures := op.GetError().GetErrors(); len(failures) > 0 {
		o.done, o.refusal = true, operationRefusal(c, verb, failures[0].GetCode(), failures[0].GetMessage())
	}
	return o
}
