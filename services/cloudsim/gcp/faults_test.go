package gcp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/googleapi"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// calls makes one list call of each service.
func (c *cloud) calls() map[string]error {
	_, errVMs := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{})
	_, errSQL := c.sql(c.http(projectID)).Instances.List(projectID).Do()
	return map[string]error{"compute": errVMs, "sqladmin": errSQL}
}

// breakLists injects a fault that spares the token endpoint.
func (c *cloud) breakLists(fault cloudsim.Fault) func() {
	var undo []func()
	for _, service := range []string{"compute", "sqladmin"} {
		fault.Service = service
		undo = append(undo, c.Inject(fault))
	}
	return func() {
		for _, f := range undo {
			f()
		}
	}
}

// TestFaults_ErrorResponse injects each fault that is an error response, and reads it through each
// service.
func TestFaults_ErrorResponse(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	type answer struct {
		status int
		reason string
	}
	for kind, want := range map[cloudsim.FaultKind]map[string]answer{
		cloudsim.AccessDenied: {"compute": {403, "forbidden"}, "sqladmin": {403, "notAuthorized"}},
		cloudsim.Throttle:     {"compute": {403, "rateLimitExceeded"}, "sqladmin": {429, "rateLimitExceeded"}},
		cloudsim.ServerError:  {"compute": {500, ""}, "sqladmin": {500, ""}},
		cloudsim.Unavailable:  {"compute": {502, ""}, "sqladmin": {502, ""}},
		cloudsim.Expired:      {"compute": {401, "authError"}, "sqladmin": {401, "authError"}},
		cloudsim.Revoked:      {"compute": {401, "authError"}, "sqladmin": {401, "authError"}},
		cloudsim.NotEnabled:   {"compute": {403, "accessNotConfigured"}, "sqladmin": {403, "accessNotConfigured"}},
		cloudsim.Respond:      {"compute": {418, "Odd"}, "sqladmin": {418, "Odd"}},
	} {
		t.Run(string(kind), func(t *testing.T) {
			defer c.breakLists(cloudsim.Fault{Kind: kind, Status: 418, Code: "Odd", Message: `<"&>`})()
			for service, err := range c.calls() {
				wantReason(t, err, want[service].status, want[service].reason)
			}
		})
	}
	for service, err := range c.calls() {
		if err != nil {
			t.Errorf("%s, after the faults: %v", service, err)
		}
	}
}

// TestDisableAPI disables one service. Its error contains the link to enable it, and the other
// service works.
func TestDisableAPI(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	c.DisableAPI(projectID, "sqladmin")
	errs := c.calls()
	if errs["compute"] != nil {
		t.Error(errs["compute"])
	}
	api := apiError(t, errs["sqladmin"])
	if text := api.Error(); !strings.Contains(text, "https://console.developers.google.com/apis/api/sqladmin.googleapis.com/overview?project=") ||
		!strings.Contains(api.Body, `"reason":"SERVICE_DISABLED"`) || !strings.Contains(api.Body, `"activationUrl"`) {
		t.Error(text)
	}
	c.EnableAPI(projectID, "sqladmin")
	if err := c.calls()["sqladmin"]; err != nil {
		t.Error(err)
	}
}

// TestThrottle_RetryAfter checks that Cloud SQL names a retry time in a header and in the details.
func TestThrottle_RetryAfter(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{gcp.Config{Projects: twoProjects(), Limits: gcp.Limits{SQLAdmin: cloudsim.Bucket{Size: 1, Refill: 0.001}}}}})
	if err := c.calls()["sqladmin"]; err != nil {
		t.Fatal(err)
	}
	api := apiError(t, c.calls()["sqladmin"])
	if api.Code != 429 || api.Header.Get("Retry-After") != "1" || !strings.Contains(api.Body, "RetryInfo") {
		t.Errorf("%d %v %s", api.Code, api.Header, api.Body)
	}
	count := c.Requests(cloudsim.Call{Account: projectID, Service: "sqladmin", Action: "instances.list"})
	if count.Requests != 2 || count.Throttled != 1 || count.Failed != 1 {
		t.Errorf("counted %+v", count)
	}
}

// TestFaults_BrokenResponse injects each fault that leaves a client without a readable response.
func TestFaults_BrokenResponse(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	for _, kind := range []cloudsim.FaultKind{cloudsim.Drop, cloudsim.Truncate, cloudsim.Malformed} {
		t.Run(string(kind), func(t *testing.T) {
			defer c.breakLists(cloudsim.Fault{Kind: kind})()
			for service, err := range c.calls() {
				if _, ok := errors.AsType[*googleapi.Error](err); err == nil || ok {
					t.Errorf("%s: got %v, want an error below the API", service, err)
				}
			}
		})
	}
}

// TestFaults_Hang cancels a request that never gets a response.
func TestFaults_Hang(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	remove := c.Inject(cloudsim.Fault{Kind: cloudsim.Hang, Call: cloudsim.Call{Service: "sqladmin"}})
	service := c.sql(c.http(projectID))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	if _, err := service.Instances.List(projectID).Context(ctx).Do(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	remove()
	if _, err := service.Instances.List(projectID).Do(); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

// TestFaults_Latency checks that the delay of a response is the world's latency and that of the
// fault. It runs on the fake clock of a synctest bubble.
func TestFaults_Latency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := cloudsim.New(cloudsim.Config{
			Latency: 5 * time.Millisecond, Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: projectID}}}},
		})
		world.Inject(cloudsim.Fault{Kind: cloudsim.Slow, Delay: 15 * time.Millisecond, Call: cloudsim.Call{Service: "sqladmin"}})
		email := gcp.ServiceAccountEmail(projectID, gcp.DefaultServiceAccount)
		request := httptest.NewRequest(http.MethodGet, "/v1/projects/"+projectID+"/instances", nil)
		request.Header.Set("Authorization", "Bearer "+gcp.In(world).IssueToken(email, projectID, time.Hour).Token)
		handler := gcp.NewHandler(world)
		start, response := time.Now(), httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if took := time.Since(start); took != 20*time.Millisecond || response.Code != http.StatusOK {
			t.Errorf("status %d after %v, want 200 after 20ms", response.Code, took)
		}
	})
}

// TestFaults_Paging reads lists with faulty page tokens.
func TestFaults_Paging(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	small := func() *computepb.AggregatedListInstancesRequest {
		return &computepb.AggregatedListInstancesRequest{MaxResults: proto.Uint32(8)}
	}
	t.Run("fail midway", func(t *testing.T) {
		defer c.breakLists(cloudsim.Fault{Kind: cloudsim.FailMidway})()
		got, err := c.aggregate(c.http(projectID), small())
		if wantReason(t, err, 500, ""); len(got.vms) != 8 {
			t.Errorf("%d VMs before the failure", len(got.vms))
		}
	})
	t.Run("repeat token", func(t *testing.T) {
		defer c.breakLists(cloudsim.Fault{Kind: cloudsim.RepeatToken})()
		service := c.sql(c.http(projectID))
		first, err := service.Instances.List(projectID).MaxResults(3).Do()
		if err != nil {
			t.Fatal(err)
		}
		second, err := service.Instances.List(projectID).MaxResults(3).PageToken(first.NextPageToken).Do()
		if err != nil || second.NextPageToken != first.NextPageToken {
			t.Errorf("the second page ends with another token (%v)", err)
		}
	})
	t.Run("endless", func(t *testing.T) {
		defer c.breakLists(cloudsim.Fault{Kind: cloudsim.EndlessPages})()
		service, token := c.sql(c.http(projectID)), ""
		for range 10 {
			page, err := service.Instances.List(projectID).MaxResults(3).PageToken(token).Do()
			if err != nil || page.NextPageToken == "" {
				t.Fatalf("the pages ended (%v)", err)
			}
			token = page.NextPageToken
		}
	})
	t.Run("empty", func(t *testing.T) {
		defer c.breakLists(cloudsim.Fault{Kind: cloudsim.Empty})()
		got, err := c.aggregate(c.http(projectID), small())
		page, errSQL := c.sql(c.http(projectID)).Instances.List(projectID).Do()
		if err != nil || errSQL != nil || len(got.vms) != 0 || len(page.Items) != 0 {
			t.Errorf("%d VMs, %v, %v", len(got.vms), err, errSQL)
		}
	})
}

// TestFaults_IncompleteLists reads lists that omit resources, while a read by name finds the VM.
func TestFaults_IncompleteLists(t *testing.T) {
	c := serve(t, cloudsim.Config{PageSize: 3})
	every, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []cloudsim.FaultKind{cloudsim.Incomplete, cloudsim.LastPage} {
		t.Run(string(kind), func(t *testing.T) {
			defer c.breakLists(cloudsim.Fault{Kind: kind, Of: cloudsim.Lists})()
			some, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{})
			if err != nil || len(some.vms) == 0 || len(some.vms) >= len(every.vms) || kind == cloudsim.LastPage && len(some.vms) != 3 {
				t.Errorf("%d VMs of %d, %v", len(some.vms), len(every.vms), err)
			}
			truth, err := c.Truth(projectID)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range truth.Databases {
				if _, err := c.sql(c.http(projectID)).Instances.Get(projectID, d.Name).Do(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestFaults_AnyBody responds with arbitrary text, such as a proxy's page.
func TestFaults_AnyBody(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	defer c.breakLists(cloudsim.Fault{Kind: cloudsim.Respond, Status: 200, Message: "<html>please log in</html>"})()
	resp, err := c.http(projectID).Get(c.server.URL + "/v1/projects/" + projectID + "/instances")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != "<html>please log in</html>" {
		t.Errorf("%s %q %v", resp.Status, body, err)
	}
}

// TestUnknownProject checks that Compute Engine reports an unknown project, while Cloud SQL does
// not distinguish it from a forbidden one.
func TestUnknownProject(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	_, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{Project: "nowhere-at-all"})
	wantReason(t, err, 404, "notFound")
	_, err = c.sql(c.http(projectID)).Instances.List("nowhere-at-all").Do()
	wantReason(t, err, 403, "notAuthorized")
	resp, err := http.Get(c.server.URL + "/v1/projects/" + projectID + "/instances")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", resp.Status)
	}
}
