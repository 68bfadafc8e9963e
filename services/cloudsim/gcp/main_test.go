package gcp_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	projectID = "data-analytics-prod"
	otherID   = "ml-platform"
	homeZone  = "us-central1-a"
	scope     = "https://www.googleapis.com/auth/cloud-platform"
)

// cloud is a world served on a real port, with Google's own clients.
type cloud struct {
	*cloudsim.World
	*gcp.Cloud
	t         testing.TB
	server    *gcp.Server
	transport *http.Transport
}

// twoProjects returns the projects of tests that do not configure any.
func twoProjects() []gcp.ProjectPlan {
	return []gcp.ProjectPlan{{ID: projectID, Instances: 5, Databases: 8, Regions: []string{"us-central1"}}, {ID: otherID}}
}

// serve serves a world for one test.
func serve(t testing.TB, cfg cloudsim.Config) *cloud {
	t.Helper()
	if len(cfg.Clouds) == 0 {
		cfg.Clouds = cloudsim.Clouds{gcp.Config{Projects: twoProjects()}}
	}
	world := cloudsim.New(cfg)
	server, err := gcp.Serve(world)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cloud{World: world, Cloud: gcp.In(world), t: t, server: server, transport: transport}
}

// context returns a context with the HTTP client that oauth2 uses to fetch tokens.
func (c *cloud) context() context.Context {
	return context.WithValue(c.t.Context(), oauth2.HTTPClient, &http.Client{Transport: c.transport})
}

// tokens signs in with the project's key file, through golang.org/x/oauth2/google.
func (c *cloud) tokens(project string) oauth2.TokenSource {
	c.t.Helper()
	key, err := c.server.KeyJSON(project)
	if err != nil {
		c.t.Fatal(err)
	}
	credentials, err := google.CredentialsFromJSONWithType(c.context(), key, google.ServiceAccount, scope)
	if err != nil {
		c.t.Fatal(err)
	}
	return credentials.TokenSource
}

// http returns a client that is signed in as a project's service account.
func (c *cloud) http(project string) *http.Client {
	c.t.Helper()
	token, err := c.tokens(project).Token()
	if err != nil {
		c.t.Fatal(err)
	}
	return &http.Client{Transport: &oauth2.Transport{Source: oauth2.StaticTokenSource(token), Base: c.transport}}
}

// partialSuccess adds a parameter that the generated client has no field for.
type partialSuccess struct{ next http.RoundTripper }

func (p partialSuccess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	query := r.URL.Query()
	query.Set("returnPartialSuccess", "true")
	r.URL.RawQuery = query.Encode()
	return p.next.RoundTrip(r)
}

// instances is the generated Compute Engine client.
func (c *cloud) instances(client *http.Client) *compute.InstancesClient {
	c.t.Helper()
	instances, err := compute.NewInstancesRESTClient(c.t.Context(), option.WithHTTPClient(client), option.WithEndpoint(c.server.URL))
	if err != nil {
		c.t.Fatal(err)
	}
	// Without its retries a test sees each answer as it is.
	instances.CallOptions.AggregatedList, instances.CallOptions.List, instances.CallOptions.Get = nil, nil, nil
	return instances
}

// sql is the Cloud SQL Admin client.
func (c *cloud) sql(client *http.Client) *sqladmin.Service {
	c.t.Helper()
	service, err := sqladmin.NewService(c.t.Context(), option.WithHTTPClient(client), option.WithEndpoint(c.server.URL+"/"))
	if err != nil {
		c.t.Fatal(err)
	}
	return service
}

// seen is the content of an aggregated list: VMs by id, and the unreachable zones.
type seen struct {
	vms         map[uint64]*computepb.Instance
	zoneOf      map[uint64]string
	warnings    map[string]string // of scopes
	unreachable map[string]bool
	pages       int
	repeats     int
}

// aggregate reads all pages of an aggregated list through the generated client.
func (c *cloud) aggregate(client *http.Client, request *computepb.AggregatedListInstancesRequest) (seen, error) {
	s := seen{vms: map[uint64]*computepb.Instance{}, zoneOf: map[uint64]string{}, warnings: map[string]string{}, unreachable: map[string]bool{}}
	if request.Project == "" {
		request.Project = projectID
	}
	it := c.instances(client).AggregatedList(c.t.Context(), request)
	var last any
	for {
		pair, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		if it.Response != last {
			last = it.Response
			s.pages++
			for _, place := range it.Response.(*computepb.InstanceAggregatedList).GetUnreachables() {
				s.unreachable[place] = true
			}
		}
		if code := pair.Value.GetWarning().GetCode(); code != "" {
			s.warnings[pair.Key] = code
		}
		for _, vm := range pair.Value.GetInstances() {
			if s.vms[vm.GetId()] != nil {
				s.repeats++
			}
			s.vms[vm.GetId()], s.zoneOf[vm.GetId()] = vm, pair.Key
		}
	}
}

// projectTruth returns what exists in the first project.
func (c *cloud) projectTruth() gcp.Truth {
	c.t.Helper()
	truth, err := c.Truth(projectID)
	if err != nil {
		c.t.Fatal(err)
	}
	return truth
}

// apiError is Google's error in err's chain.
func apiError(t testing.TB, err error) *googleapi.Error {
	t.Helper()
	api, ok := errors.AsType[*googleapi.Error](err)
	if !ok {
		t.Fatalf("got %v, want an error of the API", err)
	}
	return api
}

// wantReason checks that an error has the HTTP status, and the reason of its first part.
func wantReason(t testing.TB, err error, status int, reason string) {
	t.Helper()
	api := apiError(t, err)
	got := ""
	if len(api.Errors) > 0 {
		got = api.Errors[0].Reason
	}
	if api.Code != status || got != reason {
		t.Errorf("got %d %q (%v), want %d %q", api.Code, got, err, status, reason)
	}
}

func number(id uint64) string { return strconv.FormatUint(id, 10) }
