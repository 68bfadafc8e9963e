package gcp_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

// plan is a small project.
var plan = simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 4, Databases: 5}

// collector is a BatchSink that keeps everything.
type collector struct {
	instances map[provider.ScopeID][]provider.Instance
	failed    map[provider.ScopeID]*fault.Error
	calls     int
}

func (c *collector) Page(_ context.Context, scope provider.ScopeID, instances []provider.Instance) error {
	c.instances[scope] = append(c.instances[scope], instances...)
	return nil
}
func (c *collector) Fail(scope provider.ScopeID, failure *fault.Error) { c.failed[scope] = failure }
func (c *collector) Called(bool)                                       { c.calls++ }

func (c *testCloud) open(change ...func(*provider.Account)) provider.BatchSession {
	c.t.Helper()
	account := c.Account()
	for _, f := range change {
		f(&account)
	}
	session, err := c.provider.Open(c.t.Context(), account, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return session.(provider.BatchSession)
}

// read reads the batch of a kind.
func (c *testCloud) read(session provider.BatchSession, kind cloud.Kind) (*collector, error) {
	s := &collector{instances: map[provider.ScopeID][]provider.Instance{}, failed: map[provider.ScopeID]*fault.Error{}}
	return s, session.ReadBatch(c.t.Context(), session.Batch(provider.ScopeID{Kind: kind}), s)
}

func vms(zone string) provider.ScopeID {
	return provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}
}

func databases(region string) provider.ScopeID {
	return provider.ScopeID{Kind: cloud.Database, Location: region}
}

// TestList_Parameters checks that every list of VMs requests partial success, pages of 500, and only
// fields that exist: Google rejects a request for others.
func TestList_Parameters(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan, func(config *gcp.Config) { config.PageSize = 0 })
	if _, err := c.read(c.open(), cloud.VirtualMachine); err != nil {
		t.Fatal(err)
	}
	lists, names := 0, map[string]bool{}
	namesIn((&computepb.InstanceAggregatedList{}).ProtoReflect().Descriptor(), names)
	for _, address := range c.proxy.requests {
		if strings.Contains(address, "/aggregated/instances") {
			lists++
			for _, name := range fieldsOf(t, address) {
				if !names[name] {
					t.Errorf("requested the field %s, which does not exist", name)
				}
			}
			if !strings.Contains(address, "returnPartialSuccess=true") || !strings.Contains(address, "maxResults=500") {
				t.Errorf("requested %s", address)
			}
		}
	}
	if lists == 0 {
		t.Error("nothing was listed")
	}
}

// fieldsOf returns the names in the parameter `fields` of a URL; at least one.
func fieldsOf(t *testing.T, address string) []string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	names := strings.FieldsFunc(parsed.Query().Get("fields"), func(r rune) bool { return strings.ContainsRune(",/()*", r) })
	if len(names) == 0 {
		t.Errorf("requested all fields: %s", address)
	}
	return names
}

// namesIn collects the JSON names of all fields of a message, and of the messages in it.
func namesIn(message protoreflect.MessageDescriptor, names map[string]bool) {
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		known := string(field.FullName())
		if names[known] {
			continue
		}
		names[known], names[field.JSONName()] = true, true
		if field.Message() != nil {
			namesIn(field.Message(), names)
		}
	}
}

// TestWarnings checks that a zone which a page could not reach is a failed scope, in whatever form
// the page states it, and that all zones fail if the page does not name the zone.
func TestWarnings(t *testing.T) {
	t.Parallel()
	const good = `"zones/europe-west1-c":{"instances":[{"id":"7","name":"seven"}]}`
	for name, test := range map[string]struct {
		page   string
		failed bool // the zone b
		all    bool
	}{
		"no results":         {`{"items":{` + good + `,"zones/europe-west1-b":{"warning":{"code":"NO_RESULTS_ON_PAGE"}}}}`, false, false},
		"unreachables":       {`{"items":{` + good + `},"unreachables":["zones/europe-west1-b"]}`, true, false},
		"full path":          {`{"items":{` + good + `},"unreachables":["projects/p/zones/europe-west1-b"]}`, true, false},
		"URL":                {`{"items":{` + good + `},"unreachables":["https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b"]}`, true, false},
		"zone warning":       {`{"items":{` + good + `,"zones/europe-west1-b":{"warning":{"code":"UNREACHABLE","message":"down"}}}}`, true, false},
		"new warning":        {`{"items":{` + good + `,"zones/europe-west1-b":{"warning":{"code":"SOMETHING_NEW"}}}}`, true, false},
		"no zone named":      {`{"items":{` + good + `},"warning":{"code":"UNREACHABLE","message":"down"}}`, false, true},
		"partial success":    {`{"items":{` + good + `},"warning":{"code":"PARTIAL_SUCCESS","message":"some results may be missing"}}`, false, true},
		"new warning of all": {`{"items":{` + good + `},"warning":{"code":"SOMETHING_NEW"}}`, false, true},
		"empty page":         {`{"items":{` + good + `},"warning":{"code":"NO_RESULTS_ON_PAGE"}}`, false, false},
		"unknown name":       {`{"items":{` + good + `},"unreachables":["somewhere"]}`, false, true},
		"no id":              {`{"items":{` + good + `,"zones/europe-west1-b":{"instances":[{"name":"seven"}]}}}`, true, false},
		"null VM":            {`{"items":{` + good + `,"zones/europe-west1-b":{"instances":[null]}}}`, true, false},
		"other kind":         {`{"kind":"compute#diskAggregatedList"}`, false, true},
		"empty object":       {`{}`, false, true},
		"null":               {`null`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, plan)
			c.proxy.replace("/aggregated/instances", test.page)
			got, err := c.read(c.open(), cloud.VirtualMachine)
			if (err != nil) != test.all || (got.failed[vms("europe-west1-b")] != nil) != test.failed {
				t.Errorf("%v, failed %v", err, got.failed)
			}
			if err == nil && (len(got.instances[vms("europe-west1-c")]) != 1 || got.failed[vms("europe-west1-c")] != nil) {
				t.Errorf("the zone that was reached is %v, %v", got.instances, got.failed)
			}
		})
	}
}

// TestDatabaseWarnings checks that warnings of Cloud SQL fail the region that they name, or all.
func TestDatabaseWarnings(t *testing.T) {
	t.Parallel()
	for warning, want := range map[string]struct{ failed, all bool }{
		`{"code":"REGION_UNREACHABLE","region":"europe-west1","message":"down"}`: {true, false},
		`{"code":"REGION_UNREACHABLE","message":"down"}`:                         {false, true},
		`{"code":"INTERNAL_STATE_FAILURE","message":"never mind"}`:               {false, false},
	} {
		c := newCloud(t, plan)
		c.proxy.replace("/v1/projects/"+project+"/instances", `{"items":[{"name":"a","region":"us-east1"}],"warnings":[`+warning+`]}`)
		got, err := c.read(c.open(), cloud.Database)
		if (err != nil) != want.all || (got.failed[databases("europe-west1")] != nil) != want.failed {
			t.Errorf("%s: %v, failed %v", warning, err, got.failed)
		}
	}
}

// TestReadBatch_NewZone checks that a zone which is missing from the plan is read, unless the account
// selects other regions.
func TestReadBatch_NewZone(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	c.proxy.replace("/aggregated/instances", `{"items":{"zones/mars-north1-a":{"instances":[{"id":"7","name":"rover","status":"ROVING"}]}}}`)
	got, err := c.read(c.open(), cloud.VirtualMachine)
	if i := got.instances[vms("mars-north1-a")]; err != nil || len(i) != 1 || i[0].Region != "mars-north1" || i[0].State != provider.StateUnknown || i[0].ProviderState != "ROVING" {
		t.Errorf("%v, %v", got.instances, err)
	}
	got, err = c.read(c.open(func(a *provider.Account) { a.Regions = []string{"europe-west1"} }), cloud.VirtualMachine)
	if err != nil || len(got.instances) != 0 {
		t.Errorf("%v, %v", got.instances, err)
	}
}

// TestScopes_ZonesOfVMs checks that the zones come from the list of VMs if the list of zones is
// forbidden or the server does not support it.
func TestScopes_ZonesOfVMs(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(c *testCloud){
		"denied": func(c *testCloud) {
			c.DenyPermissions(project, simgcp.ServiceAccountEmail(project, simgcp.DefaultServiceAccount), "compute.zones.list")
		},
		"unknown": func(c *testCloud) {
			c.Inject(cloudsim.Fault{Kind: cloudsim.Respond, Status: 404, Message: "404 page not found", Call: cloudsim.Call{Action: "zones.list"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, plan)
			spoil(c)
			planned, err := c.open().Scopes(t.Context())
			if want := len(simgcp.Zones()) + len(simgcp.Catalogue); err != nil || len(planned) != want {
				t.Errorf("%d scopes (%v), want %d", len(planned), err, want)
			}
		})
	}
}

// TestScopes_ComputeDisabled checks that Cloud SQL lists the regions if Compute Engine is disabled,
// and that the VMs are one failed scope.
func TestScopes_ComputeDisabled(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	c.DisableAPI(project, "compute")
	planned, err := c.open().Scopes(t.Context())
	if err != nil || len(planned) != 1+len(simgcp.Catalogue) || planned[0].ScopeID != vms(provider.WholeKind) ||
		planned[0].Failure.Reason != fault.ReasonAPIDisabled || !strings.Contains(planned[0].Failure.Remedy, "https://console.developers.google.com/") {
		t.Errorf("%v, %v", planned, err)
	}
	c.DisableAPI(project, "sqladmin")
	if _, err := c.open().Scopes(t.Context()); provider.FaultOf(err).Reason != fault.ReasonAPIDisabled {
		t.Errorf("with both disabled: %v", err)
	}
}

// TestRead_OlderPaths reads a server that supports only the older paths of Cloud SQL.
func TestRead_OlderPaths(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]string{"detected": "", "configured": "/sql/v1beta4/"} {
		c := newCloud(t, plan)
		if endpoint != "" {
			var err error
			config := gcp.Config{ComputeEndpoint: c.url, SQLEndpoint: c.url + endpoint, TokenHosts: c.hosts}
			c.provider.Close()
			if c.provider, err = gcp.New(config); err != nil {
				t.Fatal(err)
			}
		}
		c.proxy.reject("/v1/projects/" + project + "/instances")
		got, err := c.read(c.open(), cloud.Database)
		if err != nil || len(got.instances[databases("europe-west1")]) != plan.Databases {
			t.Errorf("%s: %v, %v", name, got.instances, err)
		}
	}
}

// TestRead_TokenRejected checks that a token which is rejected in the middle of a list is renewed
// once.
func TestRead_TokenRejected(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan, func(config *gcp.Config) { config.PageSize = 3 })
	session := c.open()
	if _, err := session.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.ExpireTokens(project)
	got, err := c.read(session, cloud.VirtualMachine)
	read := 0
	for _, instances := range got.instances {
		read += len(instances)
	}
	if err != nil || read != 3*plan.Instances {
		t.Errorf("%d VMs, %v", read, err)
	}
	if tokens := c.Requests(cloudsim.Call{Service: "oauth2"}); tokens.Requests != 2 {
		t.Errorf("%d tokens were requested, want 2", tokens.Requests)
	}
}

// TestOpen_TokenKept checks that one token is used for many runs.
func TestOpen_TokenKept(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	for range 5 {
		if _, err := c.open().Identity(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if tokens := c.Requests(cloudsim.Call{Service: "oauth2"}); tokens.Requests != 1 {
		t.Errorf("%d tokens were requested, want 1", tokens.Requests)
	}
}

// TestOpen_InvalidFiles checks that files which accounts should have rejected are rejected before any
// of their addresses is called, and that nothing of them is shown.
func TestOpen_InvalidFiles(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	good := c.key.JSON.Reveal()
	for name, how := range map[string]provider.Credentials{
		"truncated":     provider.GCPServiceAccountKey{JSON: secret.New(good[:len(good)/2])},
		"other address": provider.GCPServiceAccountKey{JSON: secret.New(strings.ReplaceAll(good, c.url, "http://127.0.0.1:1"))},
		"other type":    provider.GCPWorkloadIdentity{JSON: secret.New(good)},
		"executable":    provider.GCPWorkloadIdentity{JSON: secret.New(`{"type":"external_account","audience":"//iam.googleapis.com/x","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token","credential_source":{"executable":{"command":"/bin/secret-program"}}}`)},
	} {
		_, err := c.provider.Open(t.Context(), c.Account(), how)
		failure := provider.FaultOf(err)
		if err == nil || failure.Reason != fault.ReasonCredentialsInvalid || failure.Remedy == "" || strings.Contains(failure.Message, "secret-program") {
			t.Errorf("%s: %v", name, err)
		}
		if text := fmt.Sprintf("%v %+v %#v", how, how, how); strings.Contains(text, "PRIVATE") || strings.Contains(text, "secret-program") {
			t.Errorf("%s: it shows as %s", name, text)
		}
	}
}

// TestIdentity_KeyOfAnotherProject checks that the identity of a key file is the project of the file.
func TestIdentity_KeyOfAnotherProject(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	c.key = provider.GCPServiceAccountKey{JSON: secret.New(string(c.keyFile("other-project")))}
	if identity, err := c.open().Identity(t.Context()); err != nil || identity != "other-project" {
		t.Errorf("the key opens %q, %v", identity, err)
	}
}

// TestNew_Endpoints checks that the endpoints of the environment are accepted in the forms that
// gcloud accepts, and that others are rejected.
func TestNew_Endpoints(t *testing.T) {
	c := newCloud(t, plan)
	for _, suffix := range []string{"", "/", "/compute/v1", "/compute/v1/"} {
		t.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", c.url+suffix)
		t.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", c.url+strings.TrimSuffix(suffix, "compute/v1/"))
		provider, err := gcp.New(gcp.Config{TokenHosts: c.hosts, Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		session, err := provider.Open(t.Context(), c.Account(), c.key)
		if err != nil {
			t.Fatal(err)
		}
		if planned, err := session.Scopes(t.Context()); err != nil || len(planned) == 0 {
			t.Errorf("%q: %v", suffix, err)
		}
		provider.Close()
	}
	t.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "somewhere")
	if _, err := gcp.New(gcp.Config{}); err == nil {
		t.Error("an endpoint that is not a URL was accepted")
	}
}
