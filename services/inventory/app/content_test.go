package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// unusualTexts returns texts that a conversion might get wrong.
func unusualTexts() map[string]string {
	return map[string]string{
		"quotes":                        `a "double", a 'single', a \ and a $1`,
		"lines":                         "one\ntwo\r\nthree\ttab",
		"control":                       "\x01\x1f\x7f",
		"emoji 😀":                       "👩‍👩‍👧‍👦 ﷽ مرحبا",
		"empty":                         "",
		"json":                          `{"a":["\u0000"]}`,
		"percent":                       "100% %s %20 _",
		"html":                          "<script>alert(1)</script>&amp;",
		"surrogates":                    "\uE000\uFFFF\U0010FFFF",
		" spaces around ":               "  x  ",
		"semicolon;":                    "'; DROP TABLE instances; --",
		"brace}":                        "},{",
		"comma,":                        "a,b",
		"long":                          strings.Repeat("é", 256),
		"aws:cloudformation:stack-name": "x",
		strings.Repeat("k", 256):        "long key",
	}
}

// Every text that a provider allows is returned as it was written, and is found.
func TestUnusualTexts(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := machine(region, 1)
	m.Labels = unusualTexts()
	m.DisplayName = unusualTexts()["quotes"]
	m.PrivateIps = []string{`{"a",b}`, "NULL", ""}
	m.GetVirtualMachine().Platform = unusualTexts()["lines"]
	s.apply(t, observation(account, region, 1), m)

	got := s.list(t, &inventoryv1.ListInstancesRequest{})[0]
	for key, value := range m.GetLabels() {
		if got.GetLabels()[key] != value {
			t.Errorf("label %q came back as %q, was %q", key, got.GetLabels()[key], value)
		}
	}
	if len(got.GetLabels()) != len(m.GetLabels()) {
		t.Errorf("%d labels, were %d", len(got.GetLabels()), len(m.GetLabels()))
	}
	for _, pair := range [][2]string{
		{got.GetDisplayName(), m.GetDisplayName()},
		{got.GetVirtualMachine().GetPlatform(), m.GetVirtualMachine().GetPlatform()},
		{strings.Join(got.GetPrivateIps(), "|"), strings.Join(m.GetPrivateIps(), "|")},
	} {
		if pair[0] != pair[1] {
			t.Errorf("came back as %q, was %q", pair[0], pair[1])
		}
	}
	if resp := s.apply(t, observation(account, region, 2), m); resp.GetUnchanged() != 1 {
		t.Errorf("seen again: %v", resp)
	}
	if _, err := s.LookupInstance(t.Context(), &inventoryv1.LookupInstanceRequest{
		By: &inventoryv1.LookupInstanceRequest_DisplayName{DisplayName: m.GetDisplayName()},
	}); err != nil {
		t.Error(err)
	}
	for _, filter := range []string{`labels."brace}" = "},{"`, `labels."emoji 😀" = "👩‍👩‍👧‍👦 ﷽ مرحبا"`, `labels:"comma,"`} {
		if found := s.list(t, &inventoryv1.ListInstancesRequest{Filter: filter}); len(found) != 1 {
			t.Errorf("%s finds %d", filter, len(found))
		}
	}
}

// Texts that Postgres can't store are replaced, and do not prevent the observation of the scope.
func TestTextsThatCannotBeStored(t *testing.T) {
	t.Parallel()
	s := start(t)
	odd := machine(region, 1)
	odd.Labels = map[string]string{"nul\x00key": "nul\x00value"}
	odd.DisplayName = "a\x00b"
	odd.State = inventoryv1.Instance_GONE
	odd.CreateTime = &timestamppb.Timestamp{Seconds: 1 << 60}
	odd.PublicIps = []string{"\x00"}
	s.apply(t, observation(account, region, 1), odd, machine(region, 2))
	all := s.list(t, &inventoryv1.ListInstancesRequest{OrderBy: "provider_id"})
	if len(all) != 2 {
		t.Fatalf("%d instances in the inventory", len(all))
	}
	got := all[0]
	if got.GetLabels()["nul\uFFFDkey"] != "nul\uFFFDvalue" || got.GetDisplayName() != "a\uFFFDb" || got.GetPublicIps()[0] != "\uFFFD" {
		t.Errorf("got %v", got)
	}
	if got.GetState() != inventoryv1.Instance_UNKNOWN || got.GetCreateTime() != nil {
		t.Errorf("state %s, created %v", got.GetState(), got.GetCreateTime())
	}
	if resp := s.apply(t, observation(account, region, 2), odd, machine(region, 2)); resp.GetUnchanged() != 2 {
		t.Errorf("seen again: %v", resp)
	}
}

// An instance with nothing but an ID is in the inventory like any other.
func TestBareInstance(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), &inventoryv1.Instance{ProviderId: "i-1"})
	got := s.list(t, &inventoryv1.ListInstancesRequest{})[0]
	want := &inventoryv1.Instance{
		Name: got.GetName(), Account: account, Provider: commonv1.Provider_AWS, Kind: commonv1.Kind_VIRTUAL_MACHINE,
		ProviderId: "i-1", Location: &commonv1.Location{}, State: inventoryv1.Instance_UNKNOWN, Etag: got.GetEtag(),
		FirstSeenTime: timestamppb.New(at(1)), ChangeTime: timestamppb.New(at(1)), ObserveTime: timestamppb.New(at(1)),
	}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Every field of an observation is returned for both kinds.
func TestEveryFieldIsReturned(t *testing.T) {
	t.Parallel()
	s := start(t)
	vm := machine(region, 1)
	vm.PublicIps = []string{"203.0.113.7", "2001:db8::1"}
	vm.CreateTime = timestamppb.New(at(0).Add(1234567 * time.Microsecond))
	vm.Details = &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
		Image: "ami-1", Architecture: "arm64", Platform: "Windows", Spot: true, Network: "vpc-1", Subnet: "subnet-1",
		Hostname: "ip-10-0-0-1", AutoscalingGroup: "asg", StartTime: timestamppb.New(at(0).Add(time.Millisecond)),
	}}
	s.apply(t, observation(account, region, 1), vm)
	db := &inventoryv1.Instance{
		ProviderId: "db-ABC", ProviderUri: "arn:aws:rds:eu-west-1:100000000001:db:orders", DisplayName: "orders",
		Location: &commonv1.Location{Region: region, Zone: "eu-west-1b"}, State: inventoryv1.Instance_MAINTENANCE,
		ProviderState: "backing-up", MachineType: "db.r6g.large",
		Details: &inventoryv1.Instance_Database{Database: &inventoryv1.Database{
			Engine: "postgres", EngineVersion: "16.4", StorageGib: 1 << 40, Endpoint: "orders.example.com", Port: 5432,
			HighAvailability: true, ReplicaOf: "primary", Cluster: "c", ClusterWriter: true, Network: "vpc-1",
			AutoRestartTime: timestamppb.New(at(7)),
		}},
	}
	dbs := observation(account, region, 2)
	dbs.Kind = commonv1.Kind_DATABASE
	s.apply(t, dbs, db)

	for _, sent := range []*inventoryv1.Instance{vm, db} {
		got, err := s.LookupInstance(t.Context(), &inventoryv1.LookupInstanceRequest{
			By: &inventoryv1.LookupInstanceRequest_ProviderId{ProviderId: sent.GetProviderId()}})
		if err != nil {
			t.Fatal(err)
		}
		byName, err := s.GetInstance(t.Context(), &inventoryv1.GetInstanceRequest{Name: got.GetName()})
		if err != nil || !proto.Equal(got, byName) {
			t.Errorf("by name: %v, %v", byName, err)
		}
		want := proto.CloneOf(sent)
		want.Name, want.Etag = got.GetName(), got.GetEtag()
		want.Account, want.Provider, want.Kind = account, commonv1.Provider_AWS, got.GetKind()
		want.FirstSeenTime, want.ChangeTime, want.ObserveTime = got.GetFirstSeenTime(), got.GetChangeTime(), got.GetObserveTime()
		if !proto.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
}

// Only discovery may write, and callers without a key can't.
func TestOnlyDiscoveryMayWrite(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, err := s.outsider.RemoveAccount(t.Context(), &inventoryv1.RemoveAccountRequest{Account: account, FencingToken: 1})
	refused(t, err, codes.Unauthenticated, "CALLER_UNKNOWN")
	_, err = s.outsider.UpsertInstance(t.Context(), &inventoryv1.UpsertInstanceRequest{})
	refused(t, err, codes.Unauthenticated, "CALLER_UNKNOWN")
	stream, err := s.outsider.ApplySnapshot(dbtest.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	refused(t, err, codes.Unauthenticated, "CALLER_UNKNOWN")

	_, err = inventoryv1.NewIngestServiceClient(s.public).RemoveAccount(t.Context(), &inventoryv1.RemoveAccountRequest{Account: account, FencingToken: 1})
	refused(t, err, codes.Unimplemented, "")
}

func TestUpsertInstance_Invalid(t *testing.T) {
	t.Parallel()
	s := start(t)
	good := func() *inventoryv1.UpsertInstanceRequest {
		m := machine(region, 1)
		m.Account, m.Provider, m.Kind = account, commonv1.Provider_AWS, commonv1.Kind_VIRTUAL_MACHINE
		return &inventoryv1.UpsertInstanceRequest{Instance: m, Location: region, FencingToken: 1, ObserveTime: timestamppb.New(at(1))}
	}
	for field, change := range map[string]func(*inventoryv1.UpsertInstanceRequest){
		"instance":             func(r *inventoryv1.UpsertInstanceRequest) { r.Instance = nil },
		"instance.account":     func(r *inventoryv1.UpsertInstanceRequest) { r.Instance.Account = "accounts/A" },
		"instance.provider":    func(r *inventoryv1.UpsertInstanceRequest) { r.Instance.Provider = 7 },
		"instance.kind":        func(r *inventoryv1.UpsertInstanceRequest) { r.Instance.Kind = 0 },
		"instance.provider_id": func(r *inventoryv1.UpsertInstanceRequest) { r.Instance.ProviderId = "" },
		"location":             func(r *inventoryv1.UpsertInstanceRequest) { r.Location = "-" },
		"fencing_token":        func(r *inventoryv1.UpsertInstanceRequest) { r.FencingToken = -1 },
		"observe_time":         func(r *inventoryv1.UpsertInstanceRequest) { r.ObserveTime = nil },
	} {
		req := good()
		change(req)
		_, err := s.ingest.UpsertInstance(t.Context(), req)
		t.Run(field, func(t *testing.T) { violates(t, err, field) })
	}
	if all := s.list(t, &inventoryv1.ListInstancesRequest{}); len(all) != 0 {
		t.Errorf("the inventory has %v", all)
	}
	got, err := s.ingest.UpsertInstance(context.WithoutCancel(t.Context()), good())
	if err != nil || got.GetDisplayName() != "web-1" {
		t.Errorf("%v, %v", got, err)
	}
	// Its scope was never observed completely, and is unreachable.
	resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if err != nil || len(resp.GetUnreachable()) != 1 || resp.GetFreshness().GetOldestObserveTime() != nil {
		t.Errorf("%v, %v", resp, err)
	}
}
