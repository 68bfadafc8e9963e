package grpc

import (
	"strings"
	"time"

	"github.com/google/uuid"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	accountPrefix  = "accounts/"
	instancePrefix = "instances/"
)

// toInstance converts an instance to protobuf.
func toInstance(i *inventory.Instance) *inventoryv1.Instance {
	m := &inventoryv1.Instance{
		Name:          instancePrefix + i.UID.String(),
		Account:       accountPrefix + i.Account,
		Provider:      toProvider(i.Provider),
		Kind:          toKind(i.Kind),
		ProviderId:    i.ProviderID,
		ProviderUri:   i.ProviderURI,
		DisplayName:   i.DisplayName,
		Location:      &commonv1.Location{Region: i.Region, Zone: i.Zone},
		State:         inventoryv1.Instance_State(inventoryv1.Instance_State_value[string(i.State)]),
		ProviderState: i.ProviderState,
		MachineType:   i.MachineType,
		PrivateIps:    i.PrivateIPs,
		PublicIps:     i.PublicIPs,
		Labels:        i.Labels,
		CreateTime:    toTime(i.CreateTime),
		FirstSeenTime: toTime(i.FirstSeenTime),
		ChangeTime:    toTime(i.ChangeTime),
		ObserveTime:   toTime(i.ObserveTime),
		GoneTime:      toTime(i.GoneTime),
		Etag:          i.ETag(),
	}
	toDetails(m, i)
	return m
}

// toTime converts a time. The zero time is unset.
func toTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func toProvider(p inventory.Provider) commonv1.Provider {
	return commonv1.Provider(commonv1.Provider_value[string(p)])
}

func toKind(k inventory.Kind) commonv1.Kind {
	return commonv1.Kind(commonv1.Kind_value[string(k)])
}

func toFreshness(f inventory.Freshness) *inventoryv1.Freshness {
	return &inventoryv1.Freshness{OldestObserveTime: toTime(f.Oldest)}
}

func toScope(s *inventory.Scope) *inventoryv1.Scope {
	m := &inventoryv1.Scope{
		Name:             s.String(),
		Account:          accountPrefix + s.Account,
		Provider:         toProvider(s.Provider),
		Kind:             toKind(s.Kind),
		Location:         s.Location,
		LastCompleteTime: toTime(s.LastCompleteTime),
		LastAttemptTime:  toTime(s.LastAttemptTime),
		LastError:        s.LastError,
		LastErrorReason:  s.LastErrorReason,
		InstanceCount:    s.InstanceCount,
	}
	if !s.LastCompleteTime.IsZero() {
		m.Age = durationpb.New(s.Age)
	}
	if s.SyncInterval > 0 {
		m.SyncInterval = durationpb.New(s.SyncInterval)
	}
	if hold := s.Hold; hold != nil {
		m.Hold = &inventoryv1.Scope_Hold{HoldTime: toTime(hold.Time), MissingCount: hold.Missing, InstanceCount: hold.Of}
	}
	for _, budget := range s.APIBudgets {
		m.ApiBudgets = append(m.ApiBudgets, &inventoryv1.ApiBudget{
			Api: budget.API, Location: budget.Location, CallsPerSecond: budget.CallsPerSecond,
			MaxCallsPerSecond: budget.MaxCallsPerSecond, ThrottleTime: toTime(budget.ThrottleTime),
		})
	}
	return m
}

// readInstance sets i to what an observation brings: the content of m and its provider ID. The
// output-only fields, and those that belong to the scope, are not read.
func readInstance(i *inventory.Instance, m *inventoryv1.Instance) {
	*i = inventory.Instance{
		ProviderID:    m.GetProviderId(),
		ProviderURI:   m.GetProviderUri(),
		DisplayName:   m.GetDisplayName(),
		Region:        m.GetLocation().GetRegion(),
		Zone:          m.GetLocation().GetZone(),
		ProviderState: m.GetProviderState(),
		MachineType:   m.GetMachineType(),
		PrivateIPs:    m.GetPrivateIps(),
		PublicIPs:     m.GetPublicIps(),
		Labels:        m.GetLabels(),
		CreateTime:    fromTime(m.GetCreateTime()),
	}
	if m.GetState() != inventoryv1.Instance_STATE_UNSPECIFIED {
		i.State = inventory.State(m.GetState().String())
	}
	fromDetails(i, m)
}

// fromTime converts a time and cuts it to microseconds. A time that is unset or not valid is the zero time.
func fromTime(t *timestamppb.Timestamp) time.Time {
	if !t.IsValid() {
		return time.Time{}
	}
	return t.AsTime().Truncate(time.Microsecond)
}

// fromAccount returns the bare ID of the account with this resource name.
func fromAccount(name string) string { return strings.TrimPrefix(name, accountPrefix) }

// fromInstanceName returns the UID in the resource name of an instance. Errors: NOT_FOUND for any other text,
// and for a UID in another spelling.
func fromInstanceName(name string) (uuid.UUID, error) {
	id := strings.TrimPrefix(name, instancePrefix)
	uid, err := uuid.Parse(id)
	if err != nil || uid.String() != id {
		return uid, fault.NotFound(name)
	}
	return uid, nil
}
