package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/protobuf/proto"
)

// town returns a service with two accounts, two regions, both kinds and a gone machine.
func town(t *testing.T) *service {
	t.Helper()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 20)...)
	s.apply(t, observation(account, region, 2), machines(region, 1, 20)...) // number 0 is gone
	stopped := machine("us-east-1", 100)
	stopped.State, stopped.MachineType, stopped.PublicIps = inventoryv1.Instance_STOPPED, "t3.micro", []string{"203.0.113.7"}
	s.apply(t, observation("accounts/aws-2", "us-east-1", 3), stopped)
	dbs := observation(account, region, 4)
	dbs.Kind = commonv1.Kind_DATABASE
	s.apply(t, dbs, &inventoryv1.Instance{
		ProviderId: "db-1", ProviderUri: "arn:aws:rds:eu-west-1:100000000001:db:orders", DisplayName: "orders",
		Location: &commonv1.Location{Region: region}, State: inventoryv1.Instance_RUNNING,
		Labels: map[string]string{"team": "data", "a b": "c"},
		Details: &inventoryv1.Instance_Database{Database: &inventoryv1.Database{
			Engine: "postgres", EngineVersion: "16.4", StorageGib: 100, Port: 5432, HighAvailability: true, Network: "vpc-1",
		}},
	})
	return s
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := town(t)
	one := s.list(t, &inventoryv1.ListInstancesRequest{Filter: `provider_id = "db-1"`})[0]
	for filter, want := range map[string]int{
		``:                                                     21,
		`state = RUNNING`:                                      20,
		`state != RUNNING`:                                     1,
		`state = GONE`:                                         0, // lists exclude them
		`NOT state = RUNNING`:                                  1,
		`state = (STOPPED OR PENDING)`:                         1,
		`account = "accounts/aws-2"`:                           1,
		`account = aws-2`:                                      1,
		`provider = AWS`:                                       21,
		`provider = GCP`:                                       0,
		`kind = DATABASE`:                                      1,
		`provider_id = "db-1"`:                                 1,
		`providerUri = "arn:aws:rds:*"`:                        1,
		`displayName : "WEB-1"`:                                12, // 1, 10 to 19, 100
		`display_name = "web-1"`:                               1,
		`location.region = eu-west-1`:                          20,
		`location.zone = "us-east-1a"`:                         1,
		`provider_state = running`:                             20,
		`machine_type = t3.micro`:                              1,
		`private_ips : 10.0.0.5`:                               1,
		`public_ips : "203.0.113.7"`:                           1,
		`labels.team = "data"`:                                 11,
		`labels.team = data AND kind=DATABASE`:                 1,
		`labels:team`:                                          21,
		`labels."a b" = c`:                                     1,
		`-labels:Name`:                                         1,
		`create_time < "2026-03-02T00:00:00Z"`:                 20,
		`create_time:*`:                                        20,
		`change_time > 2026-03-01T12:03:30Z`:                   1,
		`first_seen_time >= 2026-03-01T12:03:00Z`:              2,
		`observe_time = 2026-03-01T12:02:00Z`:                  19,
		`observe_time < 2026-03-01T12:02:00Z`:                  0,
		`virtual_machine.spot = true`:                          10,
		`virtualMachine.spot = false`:                          10,
		`virtual_machine.architecture = x86_64`:                20,
		`virtualMachine.startTime > 2025-01-01T00:00:00Z`:      20,
		`database.engine = postgres`:                           1,
		`database.port = 5432 AND database.storage_gib >= 100`: 1,
		`database.highAvailability`:                            1,
		`database.network = vpc-1`:                             1,
		`database.cluster_writer = false`:                      1,
		`web-7`:                                                1,
		`orders`:                                               1,
		`10.0.0.7`:                                             1,
		`name = "` + one.GetName() + `"`:                       1,
		`etag = "` + strings.ReplaceAll(one.GetEtag(), `"`, `\"`) + `"`: 1,
	} {
		resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: filter, PageSize: 1000})
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got := len(resp.GetInstances()); got != want || int(resp.GetTotalSize()) != want {
			t.Errorf("%s: %d instances of %d, want %d", filter, got, resp.GetTotalSize(), want)
		}
	}
	for filter, want := range map[string]int{``: 22, `state = GONE`: 1, `gone_time:*`: 1, `gone_time > 2026-03-01T12:00:00Z`: 1} {
		if got := s.list(t, &inventoryv1.ListInstancesRequest{Filter: filter, ShowGone: true}); len(got) != want {
			t.Errorf("%s with gone ones: %d instances, want %d", filter, len(got), want)
		}
	}
}

// Errors name the field and the position.
func TestListInstances_Invalid(t *testing.T) {
	t.Parallel()
	s := town(t)
	page, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	token := page.GetNextPageToken()
	for name, c := range map[string]struct {
		req   *inventoryv1.ListInstancesRequest
		field string
		says  string
	}{
		"broken filter":   {&inventoryv1.ListInstancesRequest{Filter: `state = `}, "filter", "column 9"},
		"unknown field":   {&inventoryv1.ListInstancesRequest{Filter: `colour = red`}, "filter", "colour"},
		"unknown state":   {&inventoryv1.ListInstancesRequest{Filter: `state = RUNNINGG`}, "filter", "RUNNING"},
		"NUL in a filter": {&inventoryv1.ListInstancesRequest{Filter: "display_name = \"a\x00\""}, "filter", ""},
		"unknown order":   {&inventoryv1.ListInstancesRequest{OrderBy: "colour"}, "order_by", "colour"},
		"no order in it":  {&inventoryv1.ListInstancesRequest{OrderBy: "labels"}, "order_by", "labels"},
		"negative page":   {&inventoryv1.ListInstancesRequest{PageSize: -1}, "page_size", ""},
		"foreign token":   {&inventoryv1.ListInstancesRequest{PageToken: token, Filter: "state = RUNNING"}, "page_token", ""},
		"other order":     {&inventoryv1.ListInstancesRequest{PageToken: token, OrderBy: "state"}, "page_token", ""},
		"other flag":      {&inventoryv1.ListInstancesRequest{PageToken: token, ShowGone: true}, "page_token", ""},
		"damaged token":   {&inventoryv1.ListInstancesRequest{PageToken: token[:len(token)-2] + "AA"}, "page_token", ""},
		"no token":        {&inventoryv1.ListInstancesRequest{PageToken: "hello"}, "page_token", ""},
		"zero staleness":  {&inventoryv1.ListInstancesRequest{MaxStaleness: seconds(0)}, "max_staleness", ""},
	} {
		_, err := s.ListInstances(t.Context(), c.req)
		t.Run(name, func(t *testing.T) {
			if got := violates(t, err, c.field); !strings.Contains(got, c.says) {
				t.Errorf("%q does not contain %q", got, c.says)
			}
		})
	}
	_, err = s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{PageToken: token})
	violates(t, err, "page_token")
}

// Every order is total and lists everything, in pages of any size.
func TestOrdersAndPages(t *testing.T) {
	t.Parallel()
	s := town(t)
	all := s.list(t, &inventoryv1.ListInstancesRequest{PageSize: 1000})
	for _, c := range []struct {
		order string
		key   func(*inventoryv1.Instance) string
		desc  bool
	}{
		{"", (*inventoryv1.Instance).GetName, false},
		{"name desc", (*inventoryv1.Instance).GetName, true},
		{"display_name", (*inventoryv1.Instance).GetDisplayName, false},
		{"displayName desc", (*inventoryv1.Instance).GetDisplayName, true},
		{"location.region desc", func(i *inventoryv1.Instance) string { return i.GetLocation().GetRegion() }, true},
		{"machine_type, account desc, displayName", func(i *inventoryv1.Instance) string { return i.GetMachineType() }, false},
		{"create_time", func(i *inventoryv1.Instance) string { return fmt.Sprintf("%020d", i.GetCreateTime().GetSeconds()) }, false},
		{"change_time desc", func(i *inventoryv1.Instance) string { return fmt.Sprintf("%020d", i.GetChangeTime().GetSeconds()) }, true},
	} {
		for _, size := range []int32{1, 4, 20, 21, 1000} {
			paged := s.list(t, &inventoryv1.ListInstancesRequest{OrderBy: c.order, PageSize: size})
			keys := make([]string, len(paged))
			names := map[string]bool{}
			for n, i := range paged {
				keys[n], names[i.GetName()] = c.key(i), true
			}
			if c.desc {
				slices.Reverse(keys)
			}
			if !slices.IsSorted(keys) {
				t.Errorf("by %q in pages of %d: %v", c.order, size, keys)
			}
			if len(paged) != len(all) || len(names) != len(all) {
				t.Errorf("by %q in pages of %d: %d instances, %d different, want %d", c.order, size, len(paged), len(names), len(all))
			}
		}
	}
}

// Pages have the size that was asked for, 50 by default and at most 1000, with the total.
func TestPageSizes(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 1100)...)
	for asked, want := range map[int32]int{0: 50, 1: 1, 50: 50, 1000: 1000, 1001: 1000, 1 << 30: 1000} {
		resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{PageSize: asked})
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.GetInstances()) != want || resp.GetTotalSize() != 1100 {
			t.Errorf("asked for %d: %d of %d", asked, len(resp.GetInstances()), resp.GetTotalSize())
		}
	}
	// A last page that is full has no next one.
	resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: `display_name = "web-1"`, PageSize: 1})
	if err != nil || resp.GetNextPageToken() != "" {
		t.Errorf("a token after the last page: %v, %v", resp, err)
	}
}

// While others write, an instance that stays is listed once, and the total is that of the first
// page.
func TestPages_WhileOthersWrite(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 100)...)
	fence := int64(2)
	for _, order := range []string{"", "display_name", "display_name desc"} {
		seenTimes := map[string]int{}
		req := &inventoryv1.ListInstancesRequest{PageSize: 9, OrderBy: order}
		for {
			resp, err := s.ListInstances(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if resp.GetTotalSize() != 100 {
				t.Fatalf("total %d", resp.GetTotalSize())
			}
			for _, i := range resp.GetInstances() {
				seenTimes[i.GetProviderId()]++
			}
			if resp.GetNextPageToken() == "" {
				break
			}
			req = proto.CloneOf(req)
			req.PageToken = resp.GetNextPageToken()
			// New instances are created everywhere, and the first 50 stay as they are.
			scope := observation(account, "us-east-1", fence)
			s.apply(t, scope, machines("us-east-1", int(fence)*1000, int(fence)*1000+30)...)
			fence++
		}
		for n := range 100 {
			if id := machine(region, n).GetProviderId(); seenTimes[id] != 1 {
				t.Errorf("by %q: %s was listed %d times", order, id, seenTimes[id])
			}
		}
		for range 2 { // all of them are gone again; twice, because the first time is doubted
			s.apply(t, observation(account, "us-east-1", fence))
			fence++
		}
	}
}

// A page stays small enough for any client, and omits nothing.
func TestPages_LargeInstances(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := machines(region, 0, 400)
	for _, m := range all {
		for n := range 50 { // the limit of AWS: 50 tags of 128 and 256 characters
			m.Labels[fmt.Sprintf("%0128d", n)] = strings.Repeat("x", 256)
		}
	}
	s.apply(t, observation(account, region, 1), all...)
	resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if size := proto.Size(resp); size > 4<<20 || size < 2<<20 {
		t.Errorf("a page of %d bytes", size)
	}
	names := map[string]bool{}
	for _, i := range s.list(t, &inventoryv1.ListInstancesRequest{PageSize: 1000, OrderBy: "display_name"}) {
		names[i.GetName()] = true
	}
	if len(names) != len(all) {
		t.Errorf("%d instances on all pages, want %d", len(names), len(all))
	}
}
