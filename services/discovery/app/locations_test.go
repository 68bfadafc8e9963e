package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
)

// hider is a proxy in front of a cloud that edits its answers while it is enabled.
type hider struct {
	on   atomic.Bool
	edit func(path string, body []byte) []byte
}

// before returns the address of a hider in front of a cloud.
func (h *hider) before(t testing.TB, cloud string) string {
	t.Helper()
	to, err := url.Parse(cloud)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // It is signed.
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(response *http.Response) error {
			if !h.on.Load() || response.StatusCode != http.StatusOK {
				return nil
			}
			body, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			body = h.edit(response.Request.URL.Path, body)
			response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			response.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	t.Cleanup(front.Close)
	return front.URL
}

// wantStale checks that syncs leave an account as it was, except for scopes that state that they
// are disabled.
func (r *rollcall) wantStale(account *accountsv1.Account, scopes ...string) {
	r.t.Helper()
	before := len(r.instances(account.GetName()))
	for range 3 { // Also what is seen again is not believed.
		run := r.sync(account.GetName())
		if run.GetState() != discoveryv1.SyncRun_DEGRADED || run.GetErrorReason() != "API_DISABLED" || int(run.GetScopesFailed()) != len(scopes) {
			r.t.Errorf("the run is %v", run)
		}
	}
	if after := len(r.instances(account.GetName())); after != before {
		r.t.Errorf("%d of %d instances are in the inventory", after, before)
	}
	var names []string
	for _, scope := range scopes {
		names = append(names, "scopes/"+strings.TrimPrefix(account.GetName(), "accounts/")+"~"+scope)
	}
	r.wantUnreachable(account.GetName(), names...)
	if connection := r.connection(account.GetName(), accountsv1.Connection_DEGRADED); connection.GetReason() != commonv1.ErrorReason_API_DISABLED {
		r.t.Errorf("the connection is %v", connection)
	}
}

// A region that the account has disabled is stale, and not empty, until it is enabled again.
func TestSync_RegionDisabled(t *testing.T) {
	t.Parallel()
	item := regexp.MustCompile(`<item>(?:[^i]|i[^t])*<regionName>` + other + `</regionName>.*?</item>`)
	off := &hider{edit: func(_ string, body []byte) []byte {
		if !bytes.Contains(body, []byte("<DescribeRegionsResponse")) {
			return body
		}
		return item.ReplaceAll(body, nil)
	}}
	r := start(t, small(), func(c *app.Config) { c.AWS.EndpointURL = off.before(t, c.AWS.EndpointURL) })
	account := r.add(r.aws.Accounts()[1])
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	off.on.Store(true)
	r.wantStale(account, "database~"+other, "virtual-machine~"+other)
	off.on.Store(false)
	if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
		t.Errorf("on again, the run is %v", run)
	}
	r.wantTruth(account)
}

// A region that is disabled during a run, after it was listed as enabled, is stale too.
func TestSync_RegionDisabledDuringRun(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	account := r.add(r.aws.Accounts()[1])
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	for _, service := range []string{"ec2", "rds"} {
		r.world.Inject(cloudsim.Fault{
			Call: cloudsim.Call{Service: service, Region: other}, Kind: cloudsim.Respond,
			Status: http.StatusForbidden, Code: "OptInRequired", Message: "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.",
		})
	}
	r.wantStale(account, "database~"+other, "virtual-machine~"+other)
}

// A zone that Google no longer has is stale, and not empty, even if a listing of the VMs of all
// zones ended without an error.
func TestSync_ZoneVanishes(t *testing.T) {
	t.Parallel()
	gone := &hider{edit: func(path string, body []byte) []byte {
		switch {
		case strings.HasSuffix(path, "/zones"):
			return without(body, func(item any) bool { return item.(map[string]any)["name"] == zone })
		case strings.HasSuffix(path, "/aggregated/instances"):
			return without(body, func(item any) bool { return item == "zones/"+zone })
		}
		return body
	}}
	r := start(t, projects(), func(c *app.Config) { c.GCP.ComputeEndpoint = gone.before(t, c.GCP.ComputeEndpoint) })
	account := r.addProject(project)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	there := 0
	for _, i := range r.instances(account.GetName()) {
		if i.GetLocation().GetZone() == zone && i.GetKind() == commonv1.Kind_VIRTUAL_MACHINE {
			there++
		}
	}
	if there == 0 {
		t.Fatal("there is nothing in the zone")
	}
	gone.on.Store(true)
	r.wantStale(account, "virtual-machine~"+zone)
	gone.on.Store(false)
	if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
		t.Errorf("there again, the run is %v", run)
	}
	r.wantUnreachable(account.GetName())
}

// without returns a JSON answer without some of its items: of a list, by item; of a map, by key.
func without(body []byte, hidden func(any) bool) []byte {
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return body
	}
	switch items := answer["items"].(type) {
	case []any:
		var left []any
		for _, item := range items {
			if !hidden(item) {
				left = append(left, item)
			}
		}
		answer["items"] = left
	case map[string]any:
		for key := range items {
			if hidden(key) {
				delete(items, key)
			}
		}
	}
	edited, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return edited
}

// scopes returns the stored scopes of an account, as kind and location.
func (r *rollcall) scopes(name string) []string {
	r.t.Helper()
	response, err := r.inventory.ListScopes(r.t.Context(), &inventoryv1.ListScopesRequest{Filter: `account = "` + name + `"`, PageSize: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	var scopes []string
	for _, scope := range response.GetScopes() {
		scopes = append(scopes, scope.GetKind().String()+" "+scope.GetLocation())
	}
	return scopes
}

// A region that does not exist is listed as long as it is wanted, and then deleted. One that was
// observed stays, because its instances may still run.
func TestSync_RegionDoesNotExist(t *testing.T) {
	t.Parallel()
	const nowhere, abroad = "eu-west-9", "europe-west99"
	r := start(t, clouds{world: cloudsim.Config{Transition: cloudsim.Immediately}, aws: simaws.Config{Accounts: 1, Regions: []string{home, other}, Instances: 12, Databases: 4}, gcp: simgcp.Config{Projects: projects().gcp.Projects}})
	for _, test := range []struct {
		account *accountsv1.Account
		mask    string
		nowhere string
		mended  []string
		stays   string
	}{
		{account: r.add(r.aws.Accounts()[0], func(a *accountsv1.Account) { a.GetAws().Regions = []string{other, nowhere} }),
			mask: "aws.regions", nowhere: nowhere, mended: []string{home}, stays: other},
		{account: r.addProject(project, func(p *accountsv1.GcpProject) { p.Regions = []string{"europe-west1", abroad} }),
			mask: "gcp.regions", nowhere: abroad, stays: "europe-west1"},
	} {
		name := test.account.GetName()
		r.connection(name, accountsv1.Connection_DEGRADED)
		wanted := []string{"DATABASE " + test.nowhere, "VIRTUAL_MACHINE " + test.nowhere}
		id := strings.TrimPrefix(name, "accounts/")
		for range 2 {
			r.wantUnreachable(name, "scopes/"+id+"~database~"+test.nowhere, "scopes/"+id+"~virtual-machine~"+test.nowhere)
			if got := r.scopes(name); !slices.Contains(got, wanted[0]) || !slices.Contains(got, wanted[1]) {
				t.Errorf("the scopes are %q", got)
			}
			if run := r.sync(name); run.GetState() != discoveryv1.SyncRun_DEGRADED || run.GetScopesFailed() != 2 {
				t.Errorf("the run is %v", run)
			}
		}
		if aws := test.account.GetAws(); aws != nil {
			aws.Regions = test.mended
		} else {
			test.account.GetGcp().Regions = test.mended
		}
		test.account.Etag = ""
		_, err := r.accounts.UpdateAccount(t.Context(), &accountsv1.UpdateAccountRequest{
			Account: test.account, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{test.mask}},
		})
		if err != nil {
			t.Fatal(err)
		}
		r.sync(name)
		if connection := r.connection(name, accountsv1.Connection_CONNECTED); connection.GetLastError() != "" {
			t.Errorf("the connection is %v", connection)
		}
		got := r.scopes(name)
		if slices.Contains(got, wanted[0]) || slices.Contains(got, wanted[1]) {
			t.Errorf("no longer wanted, the scopes are %q", got)
		}
		if !slices.Contains(got, "DATABASE "+test.stays) {
			t.Errorf("of %s nothing is left: %q", test.stays, got)
		}
	}
}
