package gcp

import (
	"io"
	"strconv"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// checkFault compares the reason and the retryability of a fault, which may be nil.
func checkFault(t *testing.T, got *fault.Error, reason fault.Reason, retryable bool) {
	t.Helper()
	switch {
	case got == nil:
		if reason != "" {
			t.Errorf("no fault, want %s", reason)
		}
	case got.Reason != reason || got.Retryable != retryable:
		t.Errorf("got %s (%s), retryable %v; want %q, retryable %v", got.Reason, got, got.Retryable, reason, retryable)
	}
}

func TestMachineObstacle(t *testing.T) {
	for name, tt := range map[string]struct {
		verb      provider.Verb
		state     string
		details   provider.MachineDetails
		reason    fault.Reason
		retryable bool
	}{
		"stop running":     {verb: provider.Stop, state: "RUNNING"},
		"start stopped":    {verb: provider.Start, state: "TERMINATED"},
		"start stopping":   {provider.Start, "STOPPING", provider.MachineDetails{}, fault.ReasonInvalidState, true},
		"stop suspending":  {provider.Stop, "SUSPENDING", provider.MachineDetails{}, fault.ReasonInvalidState, true},
		"stop stopping":    {verb: provider.Stop, state: "STOPPING"},
		"start repairing":  {provider.Start, "REPAIRING", provider.MachineDetails{}, fault.ReasonInvalidState, true},
		"stop repairing":   {provider.Stop, "REPAIRING", provider.MachineDetails{}, fault.ReasonInvalidState, true},
		"being deleted":    {provider.Stop, "DEPROVISIONING", provider.MachineDetails{}, fault.ReasonTerminated, false},
		"group":            {provider.Stop, "RUNNING", provider.MachineDetails{AutoscalingGroup: "web"}, fault.ReasonCantStopAutoscaled, false},
		"start in group":   {provider.Start, "TERMINATED", provider.MachineDetails{AutoscalingGroup: "web"}, "", false},
		"local disk":       {provider.Stop, "RUNNING", provider.MachineDetails{LocalDisks: 1}, fault.ReasonCantStopLocalDisk, false},
		"start local disk": {provider.Start, "TERMINATED", provider.MachineDetails{LocalDisks: 1}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			i := &provider.Instance{State: machineState(tt.state), ProviderState: tt.state, Machine: &tt.details}
			checkFault(t, machineObstacle(i, tt.verb), tt.reason, tt.retryable)
		})
	}
}

func TestDatabaseObstacle(t *testing.T) {
	for name, tt := range map[string]struct {
		verb      provider.Verb
		state     string
		details   provider.DatabaseDetails
		reason    fault.Reason
		retryable bool
	}{
		"stop":              {verb: provider.Stop, state: "RUNNABLE"},
		"start":             {verb: provider.Start, state: "RUNNABLE"},
		"being deleted":     {provider.Start, "PENDING_DELETE", provider.DatabaseDetails{}, fault.ReasonTerminated, false},
		"stop pending":      {provider.Stop, "PENDING_CREATE", provider.DatabaseDetails{}, fault.ReasonInvalidState, true},
		"start pending":     {verb: provider.Start, state: "PENDING_CREATE"},
		"maintenance":       {provider.Start, "MAINTENANCE", provider.DatabaseDetails{}, fault.ReasonInvalidState, true},
		"failed":            {provider.Start, "FAILED", provider.DatabaseDetails{}, fault.ReasonInvalidState, false},
		"suspended":         {provider.Stop, "SUSPENDED", provider.DatabaseDetails{}, fault.ReasonInvalidState, false},
		"replica":           {provider.Stop, "RUNNABLE", provider.DatabaseDetails{ReplicaOf: "orders"}, fault.ReasonCantStopReplicas, false},
		"start replica":     {provider.Start, "RUNNABLE", provider.DatabaseDetails{ReplicaOf: "orders"}, "", false},
		"primary":           {provider.Stop, "RUNNABLE", provider.DatabaseDetails{Replicas: []string{"r"}}, fault.ReasonCantStopReplicas, false},
		"start the primary": {provider.Start, "RUNNABLE", provider.DatabaseDetails{Replicas: []string{"r"}}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			i := &provider.Instance{State: databaseState(tt.state, ""), ProviderState: tt.state, Database: &tt.details}
			checkFault(t, databaseObstacle(i, tt.verb), tt.reason, tt.retryable)
		})
	}
}

func TestObservedProgress(t *testing.T) {
	called := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		verb    provider.Verb
		before  provider.State
		now     string
		started time.Duration // After the call.
		effect  provider.Effect
		reason  fault.Reason
	}{
		"start, pending":                     {provider.Start, provider.StateStopped, "STAGING", -time.Hour, provider.Taken, ""},
		"start, running":                     {provider.Start, provider.StateStopped, "RUNNING", -time.Hour, provider.Taken, ""},
		"start, was running":                 {provider.Start, provider.StateRunning, "RUNNING", -time.Hour, provider.InDoubt, ""},
		"start, started after the call":      {provider.Start, provider.StateRunning, "RUNNING", 0, provider.Taken, ""},
		"start, started before the call":     {provider.Start, provider.StateRunning, "RUNNING", -time.Millisecond, provider.InDoubt, ""},
		"start, stopped":                     {provider.Start, provider.StateStopped, "TERMINATED", -time.Hour, provider.InDoubt, ""},
		"start, started and stopped":         {provider.Start, provider.StateStopped, "TERMINATED", time.Second, provider.Taken, ""},
		"stop, stopping":                     {provider.Stop, provider.StateRunning, "STOPPING", -time.Hour, provider.Taken, ""},
		"stop, stopped":                      {provider.Stop, provider.StateRunning, "TERMINATED", -time.Hour, provider.Taken, ""},
		"stop, running":                      {provider.Stop, provider.StateRunning, "RUNNING", -time.Hour, provider.InDoubt, ""},
		"stop, started within the tolerance": {provider.Stop, provider.StateRunning, "RUNNING", clockTolerance - time.Millisecond, provider.InDoubt, ""},
		"stop, started again":                {provider.Stop, provider.StateRunning, "RUNNING", clockTolerance, provider.Taken, fault.ReasonCloudFailed},
		"being deleted":                      {provider.Stop, provider.StateRunning, "DEPROVISIONING", -time.Hour, provider.InDoubt, fault.ReasonTerminated},
	} {
		t.Run(name, func(t *testing.T) {
			order := &provider.PlacedOrder{Order: provider.Order{Verb: tt.verb, Instance: provider.Instance{State: tt.before}}, CallTime: called}
			now := &provider.Instance{
				State: machineState(tt.now), ProviderState: tt.now, Machine: &provider.MachineDetails{StartTime: called.Add(tt.started)},
			}
			got := observedProgress(order, now)
			if got.Effect != tt.effect {
				t.Errorf("the effect is %s, want %s", got.Effect, tt.effect)
			}
			checkFault(t, got.Refusal, tt.reason, false)
			order.CallTime = time.Time{}
			if tt.verb == provider.Stop && tt.now == "RUNNING" && observedProgress(order, now).Effect != provider.InDoubt {
				t.Error("without a time of the call, the start time proves something")
			}
		})
	}
}

func TestCloudOperation(t *testing.T) {
	progress := provider.Progress{Effect: provider.InDoubt}
	(*cloudOperation)(nil).addTo(&progress)
	if progress.Effect != provider.InDoubt {
		t.Errorf("no operation: %+v", progress)
	}
	(&cloudOperation{name: "op"}).addTo(&progress)
	if progress.Effect != provider.Taken || progress.Reference != "op" || !progress.Busy || progress.Refusal != nil {
		t.Errorf("a running operation: %+v", progress)
	}
	op := &computepb.Operation{Name: proto.String("op"), Status: computepb.Operation_RUNNING.Enum()}
	if got := machineOperation(op, call{}, provider.Start); got.done || got.refusal != nil {
		t.Errorf("a running operation: %+v", got)
	}
	op.Status = computepb.Operation_DONE.Enum()
	if got := machineOperation(op, call{}, provider.Start); !got.done || got.refusal != nil || got.name != "op" {
		t.Errorf("a completed operation: %+v", got)
	}
	op.Error = &computepb.Error{Errors: []*computepb.Errors{{Code: proto.String("ZONE_RESOURCE_POOL_EXHAUSTED")}}}
	got := machineOperation(op, call{}, provider.Start)
	checkFault(t, got.refusal, fault.ReasonInsufficientCapacity, true)
	if got.addTo(&progress); progress.Busy || progress.Refusal != got.refusal {
		t.Errorf("a failed operation: %+v", progress)
	}
}

func TestFindOperation(t *testing.T) {
	called := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	order := func(reference string) *provider.PlacedOrder {
		return &provider.PlacedOrder{
			Order:    provider.Order{Verb: provider.Stop, Instance: provider.Instance{ProviderID: "7"}, Key: "4b8f5c6a-1111-4222-8333-00000000000A"},
			CallTime: called, Reference: reference,
		}
	}
	for name, tt := range map[string]struct {
		reference string
		op        *computepb.Operation
		want      bool
	}{
		"by name":           {"op", &computepb.Operation{}, true},
		"other name":        {"another", &computepb.Operation{ClientOperationId: proto.String("4b8f5c6a-1111-4222-8333-00000000000a")}, false},
		"by key":            {"", &computepb.Operation{ClientOperationId: proto.String("4b8f5c6a-1111-4222-8333-00000000000a")}, true},
		"other key":         {"", &computepb.Operation{ClientOperationId: proto.String("another")}, false},
		"by time":           {"", &computepb.Operation{InsertTime: proto.String("2026-01-02T03:04:05Z")}, true},
		"within our clocks": {"", &computepb.Operation{InsertTime: proto.String("2026-01-02T03:04:00Z")}, true},
		"too early":         {"", &computepb.Operation{InsertTime: proto.String("2026-01-02T03:03:59Z")}, false},
		"no time":           {"", &computepb.Operation{}, false},
		"other VM":          {"", &computepb.Operation{TargetId: proto.Uint64(8), InsertTime: proto.String("2026-01-02T03:04:05Z")}, false},
		"other type":        {"", &computepb.Operation{OperationType: proto.String("start"), InsertTime: proto.String("2026-01-02T03:04:05Z")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			op := &computepb.Operation{Name: proto.String("op"), TargetId: proto.Uint64(7), OperationType: proto.String("stop")}
			proto.Merge(op, tt.op)
			if got := findOperation(order(tt.reference), []*computepb.Operation{op}); (got == op) != tt.want {
				t.Errorf("found %v", got)
			}
		})
	}
}

func TestMethodOf(t *testing.T) {
	for _, tt := range []struct {
		verb  provider.Verb
		state provider.State
		want  string
	}{
		{provider.Start, provider.StateStopped, "start"},
		{provider.Start, provider.StateSuspended, "resume"},
		{provider.Stop, provider.StateRunning, "stop"},
		{provider.Stop, provider.StateSuspended, "stop"},
	} {
		order := &provider.Order{Verb: tt.verb, Instance: provider.Instance{State: tt.state}}
		if got := operationTypeOf(order); got != tt.want || methodOf(order).permission != "compute.instances."+tt.want {
			t.Errorf("%s of a VM that is %s: %s", tt.verb, tt.state, got)
		}
	}
}

func TestEffectOf(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		sent bool
		want provider.Effect
	}{
		"not sent":        {io.EOF, false, provider.NotTaken},
		"no answer":       {io.EOF, true, provider.InDoubt},
		"bad request":     {apiError(t, 400, ``), true, provider.NotTaken},
		"status 499":      {apiError(t, 499, ``), true, provider.NotTaken},
		"request timeout": {apiError(t, 408, ``), true, provider.InDoubt},
		"throttled":       {apiError(t, 429, ``), true, provider.NotTaken},
		"server error":    {apiError(t, 500, ``), true, provider.InDoubt},
		"no capacity":     {apiError(t, 503, withReason(503, "ZONE_RESOURCE_POOL_EXHAUSTED")), true, provider.NotTaken},
	} {
		if got := effectOf(tt.err, tt.sent); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestRefusalOf(t *testing.T) {
	message := func(status int, reason, text string) error {
		return apiError(t, status, `{"error":{"code":`+strconv.Itoa(status)+`,"message":"`+text+`","errors":[{"reason":"`+reason+`"}]}}`)
	}
	machines, databases := machineCall(instancesStop, ""), databaseCall("", "")
	for name, tt := range map[string]struct {
		err       error
		call      call
		verb      provider.Verb
		reason    fault.Reason
		retryable bool
	}{
		"capacity":           {message(503, "ZONE_RESOURCE_POOL_EXHAUSTED", ""), machines, provider.Start, fault.ReasonInsufficientCapacity, true},
		"capacity message":   {message(503, "", "does not have enough resources available"), machines, provider.Start, fault.ReasonInsufficientCapacity, true},
		"quota":              {message(403, "quotaExceeded", "Quota 'CPUS' exceeded"), machines, provider.Start, fault.ReasonQuotaExceeded, false},
		"throttled":          {message(403, "rateLimitExceeded", ""), machines, provider.Start, fault.ReasonThrottled, true},
		"local SSD":          {message(400, "invalid", "VM has a Local SSD attached"), machines, provider.Stop, fault.ReasonCantStopLocalDisk, false},
		"local SSD, start":   {message(400, "invalid", "VM has a Local SSD attached"), machines, provider.Start, fault.ReasonCloudFailed, false},
		"replica":            {message(400, "invalid", "is a read replica"), databases, provider.Stop, fault.ReasonCantStopReplicas, false},
		"replica of a VM":    {message(400, "invalid", "is a read replica"), machines, provider.Stop, fault.ReasonCloudFailed, false},
		"absent":             {message(404, "notFound", ""), machines, provider.Stop, fault.ReasonNotFound, false},
		"conflict":           {message(409, "operationInProgress", ""), databases, provider.Stop, fault.ReasonInvalidState, true},
		"precondition":       {message(412, "conditionNotMet", ""), machines, provider.Stop, fault.ReasonInvalidState, true},
		"not ready":          {message(400, "resourceNotReady", ""), machines, provider.Stop, fault.ReasonInvalidState, true},
		"bad request":        {message(400, "invalid", ""), machines, provider.Stop, fault.ReasonCloudFailed, false},
		"forbidden":          {message(403, "forbidden", ""), machines, provider.Stop, fault.ReasonPermissionDenied, false},
		"unauthorized":       {message(401, "", ""), machines, provider.Stop, fault.ReasonCredentialsInvalid, true},
		"server error":       {message(500, "", ""), machines, provider.Stop, fault.ReasonUnreachable, true},
		"disabled":           {message(403, "accessNotConfigured", ""), machines, provider.Stop, fault.ReasonUnsupported, false},
		"no token":           {grantError(400, `{"error":"invalid_grant"}`), machines, provider.Stop, fault.ReasonCredentialsInvalid, false},
		"impersonation: 404": {&signInError{message(404, "notFound", "")}, machines, provider.Stop, fault.ReasonPermissionDenied, false},
	} {
		t.Run(name, func(t *testing.T) { checkFault(t, refusalOf(tt.err, tt.call, tt.verb), tt.reason, tt.retryable) })
	}
}

func TestOperationRefusal(t *testing.T) {
	for code, tt := range map[string]struct {
		reason    fault.Reason
		retryable bool
	}{
		"ZONE_RESOURCE_POOL_EXHAUSTED": {fault.ReasonInsufficientCapacity, true},
		"STOCKOUT":                     {fault.ReasonInsufficientCapacity, true},
		"QUOTA_EXCEEDED":               {fault.ReasonQuotaExceeded, false},
		"LIMIT_EXCEEDED":               {fault.ReasonQuotaExceeded, false},
		"RATE_LIMIT_EXCEEDED":          {fault.ReasonThrottled, true},
		"PERMISSIONS_ERROR":            {fault.ReasonPermissionDenied, false},
		"FORBIDDEN":                    {fault.ReasonPermissionDenied, false},
		"RESOURCE_NOT_READY":           {fault.ReasonInvalidState, true},
		"RESOURCE_IN_USE":              {fault.ReasonInvalidState, true},
		"OPERATION_IN_PROGRESS":        {fault.ReasonInvalidState, true},
		"RESOURCE_NOT_FOUND":           {fault.ReasonTerminated, false},
		"INTERNAL_ERROR":               {fault.ReasonCloudFailed, false},
		"":                             {fault.ReasonCloudFailed, false},
	} {
		t.Run(code, func(t *testing.T) {
			checkFault(t, operationRefusal(machineCall(instancesStart, ""), provider.Start, code, "the message"), tt.reason, tt.retryable)
		})
	}
	checkFault(t, operationRefusal(call{}, provider.Start, "OTHER", "The zone does not have enough resources available"), fault.ReasonInsufficientCapacity, true)
}
