package grpc

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

const accountPrefix = "accounts/"

func accountID(name string) string { return strings.TrimPrefix(name, accountPrefix) }

func runID(name string) string { return strings.TrimPrefix(name, sync.RunName("")) }

func operationID(name string) string { return strings.TrimPrefix(name, operation.Name("")) }

func instanceID(name string) string { return strings.TrimPrefix(name, operation.InstanceName("")) }

func syncRun(run *sync.Run) *discoveryv1.SyncRun {
	message := &discoveryv1.SyncRun{
		Name:          sync.RunName(run.ID),
		Account:       accountPrefix + run.Account,
		State:         discoveryv1.SyncRun_State(discoveryv1.SyncRun_State_value[string(run.State)]),
		Trigger:       discoveryv1.SyncRun_Trigger(discoveryv1.SyncRun_Trigger_value[string(run.Trigger)]),
		CreateTime:    timeOf(run.CreateTime),
		StartTime:     timeOf(run.StartTime),
		EndTime:       timeOf(run.EndTime),
		ScopesTotal:   int32(run.ScopesTotal),
		ScopesDone:    int32(run.ScopesDone),
		ScopesFailed:  int32(run.ScopesFailed),
		InstancesSeen: run.InstancesSeen,
		Error:         run.Error,
		ErrorReason:   string(run.Reason),
		Remedy:        run.Remedy,
	}
	for i := range run.Scopes {
		message.Scopes = append(message.Scopes, scopeResult(&run.Scopes[i]))
	}
	return message
}

func scopeResult(r *sync.ScopeResult) *discoveryv1.ScopeResult {
	return &discoveryv1.ScopeResult{
		Kind:          string(r.Kind),
		Location:      r.Location,
		State:         discoveryv1.ScopeResult_State(discoveryv1.ScopeResult_State_value[string(r.State)]),
		StartTime:     timeOf(r.StartTime),
		EndTime:       timeOf(r.EndTime),
		InstancesSeen: r.InstancesSeen,
		Created:       r.Created,
		Changed:       r.Changed,
		Gone:          r.Gone,
		Reappeared:    r.Reappeared,
		Requests:      int32(r.Requests),
		Throttled:     int32(r.Throttled),
		Error:         r.Error,
		ErrorReason:   string(r.Reason),
		Missing:       r.Missing,
	}
}

func timeOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
