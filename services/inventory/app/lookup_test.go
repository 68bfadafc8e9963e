package app_test

import (
	"fmt"
	"strings"
	"testing"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc/codes"
)

func byID(id string) *inventoryv1.LookupInstanceRequest {
	return &inventoryv1.LookupInstanceRequest{By: &inventoryv1.LookupInstanceRequest_ProviderId{ProviderId: id}}
}

func byName(name string) *inventoryv1.LookupInstanceRequest {
	return &inventoryv1.LookupInstanceRequest{By: &inventoryv1.LookupInstanceRequest_DisplayName{DisplayName: name}}
}

func byURI(uri string) *inventoryv1.LookupInstanceRequest {
	return &inventoryv1.LookupInstanceRequest{By: &inventoryv1.LookupInstanceRequest_ProviderUri{ProviderUri: uri}}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	s := town(t)
	five := machine(region, 5)
	for _, req := range []*inventoryv1.LookupInstanceRequest{byID(five.GetProviderId()), byName("web-5"), byURI(five.GetProviderUri())} {
		got, err := s.LookupInstance(t.Context(), req)
		if err != nil || got.GetProviderId() != five.GetProviderId() {
			t.Errorf("%v: %v, %v", req, got, err)
		}
		req.Account = "accounts/aws-2"
		_, err = s.LookupInstance(t.Context(), req)
		refused(t, err, codes.NotFound, "NOT_FOUND")
	}
	// Gone instances are found if asked for.
	gone := byName("web-0")
	_, err := s.LookupInstance(t.Context(), gone)
	refused(t, err, codes.NotFound, "NOT_FOUND")
	gone.ShowGone = true
	if got, err := s.LookupInstance(t.Context(), gone); err != nil || got.GetState() != inventoryv1.Instance_GONE {
		t.Errorf("%v, %v", got, err)
	}
	for _, req := range []*inventoryv1.LookupInstanceRequest{byID("i-none"), byID("\x00"), byName("WEB-5"), byURI("x")} {
		_, err := s.LookupInstance(t.Context(), req)
		if got := refused(t, err, codes.NotFound, "NOT_FOUND"); got["unreachable"] != "" {
			t.Errorf("%v: unreachable %s", req, got["unreachable"])
		}
	}
	_, err = s.LookupInstance(t.Context(), &inventoryv1.LookupInstanceRequest{})
	violates(t, err, "by")
	_, err = s.LookupInstance(t.Context(), byID(""))
	violates(t, err, "provider_id")
}

// "Not found" and "could not be read" are never the same answer.
func TestLookup_Unreachable(t *testing.T) {
	t.Parallel()
	s := town(t)
	s.fail(t, observation(account, region, 9), "THROTTLED")
	_, err := s.LookupInstance(t.Context(), byID("i-none"))
	if got := refused(t, err, codes.NotFound, "NOT_FOUND"); got["unreachable"] != euMachines || got["unreachableCount"] != "1" {
		t.Errorf("metadata %v", got)
	}
	if !strings.Contains(err.Error(), euMachines) {
		t.Errorf("%v does not name the scope", err)
	}
	elsewhere := byID("i-none")
	elsewhere.Account = "accounts/aws-2"
	_, err = s.LookupInstance(t.Context(), elsewhere)
	if got := refused(t, err, codes.NotFound, "NOT_FOUND"); got["unreachable"] != "" {
		t.Errorf("metadata %v", got)
	}
}

func TestLookup_Ambiguous(t *testing.T) {
	t.Parallel()
	s := start(t)
	var same []*inventoryv1.Instance
	for n := range 12 {
		m := machine(region, n)
		m.DisplayName = "web"
		same = append(same, m)
	}
	s.apply(t, observation(account, region, 1), same[:2]...)
	_, err := s.LookupInstance(t.Context(), byName("web"))
	got := refused(t, err, codes.FailedPrecondition, "AMBIGUOUS")
	for _, i := range s.list(t, &inventoryv1.ListInstancesRequest{}) {
		if !strings.Contains(got["instances"], i.GetName()) || !strings.Contains(err.Error(), i.GetName()) {
			t.Errorf("%v does not name %s", err, i.GetName())
		}
	}
	s.apply(t, observation(account, region, 2), same...)
	_, err = s.LookupInstance(t.Context(), byName("web"))
	if got := refused(t, err, codes.FailedPrecondition, "AMBIGUOUS")["instances"]; strings.Count(got, ",") != 9 {
		t.Errorf("names %s", got)
	}
}

func TestGetInstance(t *testing.T) {
	t.Parallel()
	s := town(t)
	for _, name := range []string{
		"instances/00000000-0000-0000-0000-000000000000", "instances/web-5", "instances/6ba7b8109dad11d180b400c04fd430c8",
	} {
		_, err := s.GetInstance(t.Context(), &inventoryv1.GetInstanceRequest{Name: name})
		if got := refused(t, err, codes.NotFound, "NOT_FOUND"); got["name"] != name {
			t.Errorf("metadata %v", got)
		}
	}
	_, err := s.GetInstance(t.Context(), &inventoryv1.GetInstanceRequest{Name: "web-5"})
	violates(t, err, "name")
}

func TestAggregates(t *testing.T) {
	t.Parallel()
	s := town(t)
	for _, c := range []struct {
		by     []string
		filter string
		gone   bool
		want   string
	}{
		{[]string{"state"}, "", false, "[RUNNING]=20 [STOPPED]=1 "},
		{[]string{"state"}, "", true, "[RUNNING]=20 [GONE]=1 [STOPPED]=1 "},
		{[]string{"account"}, "", false, "[accounts/aws-100000000001]=20 [accounts/aws-2]=1 "},
		{[]string{"provider", "kind"}, "", false, "[AWS VIRTUAL_MACHINE]=20 [AWS DATABASE]=1 "},
		{[]string{"location.region"}, "kind = VIRTUAL_MACHINE", false, "[eu-west-1]=19 [us-east-1]=1 "},
		{[]string{"location.zone"}, "", false, "[eu-west-1a]=19 []=1 [us-east-1a]=1 "},
		{[]string{"machineType"}, "", false, "[m6i.large]=19 []=1 [t3.micro]=1 "},
		{[]string{"machine_type", "state"}, "kind = VIRTUAL_MACHINE", false, "[m6i.large RUNNING]=19 [t3.micro STOPPED]=1 "},
		{[]string{"labels.team"}, "", false, "[data]=11 [web]=10 "},
		{[]string{`labels.a b`}, "", false, "[]=20 [c]=1 "},
		{[]string{`labels."a b"`, "labels.team"}, `labels.team = data`, false, "[ data]=10 [c data]=1 "},
		{[]string{"labels.nobody's"}, "", false, "[]=21 "},
		{[]string{"state"}, "state = FAILED", false, ""},
	} {
		resp, err := s.AggregateInstances(t.Context(), &inventoryv1.AggregateInstancesRequest{GroupBy: c.by, Filter: c.filter, ShowGone: c.gone})
		if err != nil {
			t.Errorf("%v: %v", c.by, err)
			continue
		}
		got := ""
		for _, group := range resp.GetGroups() {
			got += fmt.Sprintf("%v=%d ", group.GetValues(), group.GetCount())
		}
		if got != c.want {
			t.Errorf("by %v where %q: %s, want %s", c.by, c.filter, got, c.want)
		}
	}
	for _, by := range []string{"colour", "labels", "labels.", "State", "display_name"} {
		_, err := s.AggregateInstances(t.Context(), &inventoryv1.AggregateInstancesRequest{GroupBy: []string{"state", by}})
		if got := violates(t, err, "group_by[1]"); !strings.Contains(got, "machine_type") || !strings.Contains(got, "labels.KEY") {
			t.Errorf("%q does not list the fields to count by", got)
		}
	}
	_, err := s.AggregateInstances(t.Context(), &inventoryv1.AggregateInstancesRequest{})
	violates(t, err, "group_by")
	_, err = s.AggregateInstances(t.Context(), &inventoryv1.AggregateInstancesRequest{GroupBy: []string{"state"}, Filter: "x ="})
	violates(t, err, "filter")
}

func TestListScopes(t *testing.T) {
	t.Parallel()
	s := start(t)
	for n := range 130 {
		s.apply(t, observation(fmt.Sprintf("accounts/aws-%03d", n), region, 1), machines(region, n*10, n*10+n%3)...)
	}
	s.fail(t, observation("accounts/aws-000", region, 2), "THROTTLED")
	list := func(req *inventoryv1.ListScopesRequest) (names []string, pages int) {
		t.Helper()
		for {
			resp, err := s.ListScopes(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, scope := range resp.GetScopes() {
				names = append(names, scope.GetName())
			}
			pages++
			if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
				return names, pages
			}
		}
	}
	all, pages := list(&inventoryv1.ListScopesRequest{})
	if len(all) != 130 || pages != 2 || all[0] != "scopes/aws-000~virtual-machine~eu-west-1" {
		t.Errorf("%d scopes in %d pages, the first %s", len(all), pages, all[0])
	}
	for filter, want := range map[string]int{
		`account = "accounts/aws-007"`:                  1,
		`last_error_reason = THROTTLED`:                 1,
		`lastErrorReason != ""`:                         1,
		`instance_count = 0`:                            44,
		`instance_count > 1 AND kind = VIRTUAL_MACHINE`: 43,
		`provider = GCP`:                                0,
		`location = "eu-west-1"`:                        130,
		`last_complete_time < 2026-03-01T12:00:30Z`:     0,
		`last_attempt_time > 2026-03-01T12:01:30Z`:      1,
	} {
		if got, _ := list(&inventoryv1.ListScopesRequest{Filter: filter, PageSize: 7}); len(got) != want {
			t.Errorf("%s: %d scopes, want %d", filter, len(got), want)
		}
	}
	_, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: "state = RUNNING"})
	violates(t, err, "filter")
}
