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

// plan is a project that is read in a moment.
var plan = simgcp.ProjectPlan{ID: project, Regions: []string{"europe-west1"}, Instances: 4, Databases: 5}

// seen is a BatchSink that keeps all it is given.
type seen struct {
	instances map[provider.ScopeID][]provider.Instance
	failed    map[provider.ScopeID]*fault.Error
	calls     int
}

func (s *seen) Page(_ context.Context, scope provider.ScopeID, instances []provider.Instance) error {
	s.instances[scope] = append(s.instances[scope], instances...)
	return nil
}
func (s *seen) Fail(scope provider.ScopeID, failure *fault.Error) { s.failed[scope] = failure }
func (s *seen) Called(bool)                                       { s.calls++ }

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

// read reads the batch that a kind is in.
func (c *testCloud) read(session provider.BatchSession, kind cloud.Kind) (*seen, error) {
	s := &seen{instances: map[provider.ScopeID][]provider.Instance{}, failed: map[provider.ScopeID]*fault.Error{}}
	return s, session.ReadBatch(c.t.Context(), session.Batch(provider.ScopeID{Kind: kind}), s)
}

func vms(zone string) provider.ScopeID {
	return provider.ScopeID{Kind: cloud.VirtualMachine, Location: zone}
}

func databases(region string) provider.ScopeID {
	return provider.ScopeID{Kind: cloud.Database, Location: region}
}

// Every list of VMs asks for partial success, for pages of 500, and for fields that
// there are: Google refuses a request for others.
func TestParametersOfTheList(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan, func(config *gcp.Config) { config.PageSize = 0 })
	if _, err := c.read(c.open(), cloud.VirtualMachine); err != nil {
		t.Fatal(err)
	}
	lists, names := 0, map[string]bool{}
	namesIn((&computepb.InstanceAggregatedList{}).ProtoReflect().Descriptor(), names)
	for _, address := range c.proxy.saw {
		if strings.Contains(address, "/aggregated/instances") {
			lists++
			for _, name := range fieldsOf(t, address) {
				if !names[name] {
					t.Errorf("asked for the field %s, which there is not", name)
				}
			}
			if !strings.Contains(address, "returnPartialSuccess=true") || !strings.Contains(address, "maxResults=500") {
				t.Errorf("asked for %s", address)
			}
		}
	}
	if lists == 0 {
		t.Error("nothing was listed")
	}
}

// fieldsOf are the names in the parameter fields of an address; at least one.
func fieldsOf(t *testing.T, address string) []string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	names := strings.FieldsFunc(parsed.Query().Get("fields"), func(r rune) bool { return strings.ContainsRune(",/()*", r) })
	if len(names) == 0 {
		t.Errorf("asked for all fields: %s", address)
	}
	return names
}

// namesIn gathers the JSON names of all fields of a message, and of the messages in it.
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

// What a page says it could not reach is a scope that failed, however it says so; when it
// does not say which, all fail.
func TestWarnings(t *testing.T) {
	t.Parallel()
	const good = `"zones/europe-west1-c":{"instances":[{"id":"7","name":"seven"}]}`
	for name, test := range map[string]struct {
		page   string
		failed bool // the zone b
		all    bool
	}{
		"nothing here":       {`{"items":{` + good + `,"zones/europe-west1-b":{"warning":{"code":"NO_RESULTS_ON_PAGE"}}}}`, false, false},
		"unreachables":       {`{"items":{` + good + `},"unreachables":["zones/europe-west1-b"]}`, true, false},
		"by a full path":     {`{"items":{` + good + `},"unreachables":["projects/p/zones/europe-west1-b"]}`, true, false},
		"by its address":     {`{"items":{` + good + `},"unreachables":["https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b"]}`, true, false},
		"a zone's word":      {`{"items":{` + good + `,"zones/europe-west1-b":{"warning":{"code":"UNREACHABLE","message":"away"}}}}`, true, false},
		"a new word":         {`{"items":{` + good + `,"zones/europe-west1-b":{"warning":{"code":"SOMETHING_NEW"}}}}`, true, false},
		"nobody is named":    {`{"items":{` + good + `},"warning":{"code":"UNREACHABLE","message":"away"}}`, false, true},
		"some are missing":   {`{"items":{` + good + `},"warning":{"code":"PARTIAL_SUCCESS","message":"some results may be missing"}}`, false, true},
		"a new word for all": {`{"items":{` + good + `},"warning":{"code":"SOMETHING_NEW"}}`, false, true},
		"an empty page":      {`{"items":{` + good + `},"warning":{"code":"NO_RESULTS_ON_PAGE"}}`, false, false},
		"a riddle":           {`{"items":{` + good + `},"unreachables":["somewhere"]}`, false, true},
		"no id":              {`{"items":{` + good + `,"zones/europe-west1-b":{"instances":[{"name":"seven"}]}}}`, true, false},
		"no VM":              {`{"items":{` + good + `,"zones/europe-west1-b":{"instances":[null]}}}`, true, false},
		"another kind":       {`{"kind":"compute#diskAggregatedList"}`, false, true},
		"nothing at all":     {`{}`, false, true},
		"null":               {`null`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, plan)
			c.proxy.spoil("/aggregated/instances", test.page)
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

// Cloud SQL's warnings fail the region that they name, or all.
func TestDatabaseWarnings(t *testing.T) {
	t.Parallel()
	for warning, want := range map[string]struct{ failed, all bool }{
		`{"code":"REGION_UNREACHABLE","region":"europe-west1","message":"away"}`: {true, false},
		`{"code":"REGION_UNREACHABLE","message":"away"}`:                         {false, true},
		`{"code":"INTERNAL_STATE_FAILURE","message":"never mind"}`:               {false, false},
	} {
		c := newCloud(t, plan)
		c.proxy.spoil("/v1/projects/"+project+"/instances", `{"items":[{"name":"a","region":"us-east1"}],"warnings":[`+warning+`]}`)
		got, err := c.read(c.open(), cloud.Database)
		if (err != nil) != want.all || (got.failed[databases("europe-west1")] != nil) != want.failed {
			t.Errorf("%s: %v, failed %v", warning, err, got.failed)
		}
	}
}

// A place that the plan did not know is read all the same, unless other regions are wanted.
func TestNewPlaces(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	c.proxy.spoil("/aggregated/instances", `{"items":{"zones/mars-north1-a":{"instances":[{"id":"7","name":"rover","status":"ROVING"}]}}}`)
	got, err := c.read(c.open(), cloud.VirtualMachine)
	if i := got.instances[vms("mars-north1-a")]; err != nil || len(i) != 1 || i[0].Region != "mars-north1" || i[0].State != provider.StateUnknown || i[0].ProviderState != "ROVING" {
		t.Errorf("%v, %v", got.instances, err)
	}
	got, err = c.read(c.open(func(a *provider.Account) { a.Regions = []string{"europe-west1"} }), cloud.VirtualMachine)
	if err != nil || len(got.instances) != 0 {
		t.Errorf("%v, %v", got.instances, err)
	}
}

// Who may not list zones, or meets a peer that has none, learns them from the VMs.
func TestZonesFromTheListOfVMs(t *testing.T) {
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

// With Compute Engine off, Cloud SQL tells which regions there are; the VMs are one scope
// that failed.
func TestPlanWithoutComputeEngine(t *testing.T) {
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
		t.Errorf("with both off: %v", err)
	}
}

// A peer that serves Cloud SQL under its older paths alone is read too.
func TestOlderPathsOfCloudSQL(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]string{"found out": "", "stated": "/sql/v1beta4/"} {
		c := newCloud(t, plan)
		if endpoint != "" {
			var err error
			config := gcp.Config{ComputeEndpoint: c.url, SQLEndpoint: c.url + endpoint, TokenHosts: c.hosts}
			c.provider.Close()
			if c.provider, err = gcp.New(config); err != nil {
				t.Fatal(err)
			}
		}
		c.proxy.refuse("/v1/projects/" + project + "/instances")
		got, err := c.read(c.open(), cloud.Database)
		if err != nil || len(got.instances[databases("europe-west1")]) != plan.Databases {
			t.Errorf("%s: %v, %v", name, got.instances, err)
		}
	}
}

// A token that is not taken any more is renewed once, in the middle of a list.
func TestTokenEndsInMidList(t *testing.T) {
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
		t.Errorf("%d tokens were asked for, want 2", tokens.Requests)
	}
}

// One token does for many runs.
func TestTokensAreKept(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	for range 5 {
		if _, err := c.open().Identity(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if tokens := c.Requests(cloudsim.Call{Service: "oauth2"}); tokens.Requests != 1 {
		t.Errorf("%d tokens were asked for, want 1", tokens.Requests)
	}
}

// Files that should never have come here are refused before any of their addresses is
// asked, and nothing of them is told.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	good := c.key.JSON.Reveal()
	for name, how := range map[string]provider.Credentials{
		"truncated":        provider.GCPServiceAccountKey{JSON: secret.New(good[:len(good)/2])},
		"foreign address":  provider.GCPServiceAccountKey{JSON: secret.New(strings.ReplaceAll(good, c.url, "http://127.0.0.1:1"))},
		"another type":     provider.GCPWorkloadIdentity{JSON: secret.New(good)},
		"a program to run": provider.GCPWorkloadIdentity{JSON: secret.New(`{"type":"external_account","audience":"//iam.googleapis.com/x","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token","credential_source":{"executable":{"command":"/bin/secret-program"}}}`)},
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

// A key of another project than the one stated shows as that project.
func TestKeyOfAnotherProject(t *testing.T) {
	t.Parallel()
	c := newCloud(t, plan)
	c.key = provider.GCPServiceAccountKey{JSON: secret.New(string(c.keyFile("other-project")))}
	if identity, err := c.open().Identity(t.Context()); err != nil || identity != "other-project" {
		t.Errorf("the key opens %q, %v", identity, err)
	}
}

// The environment's addresses are taken in the forms that gcloud takes, and others are
// refused.
func TestEndpointsOfTheEnvironment(t *testing.T) {
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
		t.Error("an endpoint that is no address was taken")
	}
}
