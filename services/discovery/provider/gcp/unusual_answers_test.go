package gcp_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// unusualServer answers as Google may and cloudsim does not: with empty pages that are not the last,
// compressed answers, missing fields, and failures of all forms before the first answer.
type unusualServer struct {
	failures []func(http.ResponseWriter)
	failed   atomic.Int32
}

// fail sends the next failure. It returns false if there are no more.
func (s *unusualServer) fail(w http.ResponseWriter) bool {
	n := int(s.failed.Add(1)) - 1
	if n >= len(s.failures) {
		return false
	}
	s.failures[n](w)
	return true
}

func (s *unusualServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pages := map[string]string{
		"/compute/v1/projects/p-one/zones": `{"kind":"compute#zoneList","items":[{"name":"europe-west1-b"},null,{"name":"mars-north1-a"}]}`,
		// A zone without VMs is omitted, or has a warning, or an empty list.
		"/compute/v1/projects/p-one/aggregated/instances":            `{"kind":"compute#instanceAggregatedList","nextPageToken":"1"}`,
		"/compute/v1/projects/p-one/aggregated/instances?1":          `{"kind":"compute#instanceAggregatedList","items":{},"nextPageToken":"2/+="}`,
		"/compute/v1/projects/p-one/aggregated/instances?2/+=":       `{"kind":"compute#instanceAggregatedList","items":{"zones/mars-north1-a":{"instances":[{"id":"18446744073709551615","name":"rover","status":"ROVING"}]},"regions/europe-west1":{},"global":{"warning":{"code":"NO_RESULTS_ON_PAGE"}}},"nextPageToken":"last"}`,
		"/compute/v1/projects/p-one/aggregated/instances?last":       `{"kind":"compute#instanceAggregatedList","items":{"zones/europe-west1-b":{"instances":[{"id":"1"},{"id":"2","name":"two","status":"RUNNING","networkInterfaces":[{},null,{"accessConfigs":[null],"ipv6AccessConfigs":[null]}],"disks":[{},null],"metadata":{"items":[null]},"scheduling":null,"labels":null}]}}}`,
		"/v1/projects/p-one/instances":                               `{"nextPageToken":"x"}`,
		"/v1/projects/p-one/instances?x":                             `{"kind":"sql#instancesList","items":[{"name":"bare","connectionName":"p-one:mars-north1:bare"},{"name":"zoned","gceZone":"europe-west1-b","state":"NEW_WORD","settings":{},"ipAddresses":[null]}],"warnings":[null]}`,
		"/compute/v1/projects/p-one/zones/mars-north1-a/instances":   `{"kind":"compute#instanceList","nextPageToken":"1"}`,
		"/compute/v1/projects/p-one/zones/mars-north1-a/instances?1": `{"kind":"compute#instanceList"}`,
	}
	if r.URL.Path == "/token" {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"t","expires_in":3600,"token_type":"Bearer"}`)
		return
	}
	if s.fail(w) {
		return
	}
	page := r.URL.Path
	if token := r.URL.Query().Get("pageToken"); token != "" {
		page += "?" + token
	}
	answer, ok := pages[page]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	var out io.Writer = w
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		zipped := gzip.NewWriter(w)
		defer zipped.Close()
		out = zipped
	}
	fmt.Fprint(out, answer)
}

// failure returns an answer after which another attempt may succeed.
func failure(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestRead_UnusualServer(t *testing.T) {
	t.Parallel()
	reset := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, failures := range map[string][]func(http.ResponseWriter){
		"none":           nil,
		"status 429":     {failure(429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}`), failure(429, ``)},
		"reason":         {failure(403, `{"error":{"code":403,"message":"Rate Limit Exceeded","errors":[{"domain":"usageLimits","reason":"rateLimitExceeded"}]}}`)},
		"detail":         {failure(403, `{"error":{"code":403,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","domain":"googleapis.com"}]}}`)},
		"resets":         {reset, reset},
		"proxy":          {failure(502, `<html>Bad Gateway</html>`), failure(503, ``)},
		"cut short":      {func(w http.ResponseWriter) { fmt.Fprint(w, `{"kind":"compute#zoneList","items":[{"name":"eur`) }},
		"null":           {failure(200, `null`)},
		"timeout":        {failure(408, ``), failure(504, `{}`)},
		"token rejected": {failure(401, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&unusualServer{failures: failures})
			defer server.Close()
			c := newCloud(t, plan)
			prov, err := gcp.New(gcp.Config{
				ComputeEndpoint: server.URL, SQLEndpoint: server.URL, TokenHosts: c.hosts, MaxBackoff: 10 * time.Millisecond, Attempts: 4,
				ApplicationDefault: []byte(strings.ReplaceAll(string(c.keyFile(project)), c.url, server.URL)),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer prov.Close()
			session, err := prov.Open(t.Context(), provider.Account{Provider: cloud.GCP, CloudID: "p-one"}, provider.GCPApplicationDefault{})
			if err != nil {
				t.Fatal(err)
			}
			if id, err := session.Identity(t.Context()); err != nil || id != "p-one" {
				t.Fatalf("the identity is %s, %v", id, err)
			}
			scopes, err := session.Scopes(t.Context())
			if err != nil || len(scopes) != 4 {
				t.Fatalf("scopes %v, %v", scopes, err)
			}
			c.wantUnusual(session.(provider.BatchSession))
		})
	}
}

// wantUnusual reads everything from the unusual server.
func (c *testCloud) wantUnusual(session provider.BatchSession) {
	c.t.Helper()
	for kind, want := range map[cloud.Kind]map[provider.ScopeID]string{
		cloud.VirtualMachine: {
			vms("mars-north1-a"):  "18446744073709551615 rover UNKNOWN ROVING",
			vms("europe-west1-b"): "1 1 UNKNOWN , 2 two RUNNING RUNNING",
		},
		cloud.Database: {
			databases("mars-north1"):  "p-one:mars-north1:bare bare UNKNOWN ",
			databases("europe-west1"): "p-one:europe-west1:zoned zoned UNKNOWN NEW_WORD",
		},
	} {
		got, err := c.read(session, kind)
		if err != nil || len(got.failed) > 0 {
			c.t.Errorf("%s: %v, failed %v", kind, err, got.failed)
		}
		found := map[provider.ScopeID]string{}
		for scope, instances := range got.instances {
			var lines []string
			for _, i := range instances {
				lines = append(lines, fmt.Sprintf("%s %s %s %s", i.ProviderID, i.DisplayName, i.State, i.ProviderState))
			}
			if slices.Sort(lines); len(lines) > 0 {
				found[scope] = strings.Join(lines, ", ")
			}
		}
		if !maps.Equal(found, want) {
			c.t.Errorf("%s: got %v\nwant %v", kind, found, want)
		}
	}
}

// nullServer answers null to everything.
func nullServer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/token" {
		fmt.Fprint(w, `{"access_token":"t","expires_in":3600,"token_type":"Bearer"}`)
		return
	}
	fmt.Fprint(w, "null")
}

// TestRead_Null checks that null is not an answer to any request: nothing is found, and nothing is
// taken for gone.
func TestRead_Null(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(nullServer))
	defer server.Close()
	c := newCloud(t, plan)
	prov, err := gcp.New(gcp.Config{
		ComputeEndpoint: server.URL, SQLEndpoint: server.URL, TokenHosts: c.hosts, Attempts: 1,
		ApplicationDefault: []byte(strings.ReplaceAll(string(c.keyFile(project)), c.url, server.URL)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prov.Close()
	opened, err := prov.Open(t.Context(), provider.Account{Provider: cloud.GCP, CloudID: project}, provider.GCPApplicationDefault{})
	if err != nil {
		t.Fatal(err)
	}
	session := opened.(provider.BatchSession)
	if scopes, err := session.Scopes(t.Context()); err == nil {
		t.Errorf("scopes %v", scopes)
	}
	for _, permission := range session.(provider.VerifyingSession).Permissions(t.Context()) {
		if permission.Status == provider.Have {
			t.Errorf("%s counts as granted", permission.Name)
		}
	}
	for kind, scope := range map[cloud.Kind]provider.ScopeID{
		cloud.VirtualMachine: vms("europe-west1-b"), cloud.Database: databases("europe-west1"),
	} {
		if got, err := c.read(session, kind); err == nil {
			t.Errorf("%s: read %v", kind, got)
		}
		c.wantNothing(session.(provider.Operator), scope)
	}
}

// wantNothing probes, locates, starts and follows an instance without an answer.
func (c *testCloud) wantNothing(operator provider.Operator, scope provider.ScopeID) {
	c.t.Helper()
	calls := &collector{}
	id := map[cloud.Kind]string{cloud.VirtualMachine: "1234567", cloud.Database: project + ":europe-west1:a@2020-01-01T00:00:00Z"}[scope.Kind]
	wanted := provider.Wanted{ProviderID: id, DisplayName: "a"}
	findings, err := operator.Probe(c.t.Context(), scope, []provider.Wanted{wanted}, calls)
	if err != nil || findings[0].Evidence != provider.Undecided {
		c.t.Errorf("%v: found %v, %v", scope, findings, err)
	}
	located, err := operator.Locate(c.t.Context(), provider.Hint{ProviderID: id}, calls)
	if err == nil {
		c.t.Errorf("%v: located %v", scope, located)
	}
	order := provider.Order{ScopeID: scope, Verb: provider.Start, Instance: provider.Instance{ProviderID: id, DisplayName: "a"}}
	if receipt := operator.Act(c.t.Context(), order, calls); receipt.Effect == provider.Taken {
		c.t.Errorf("%v: taken", scope)
	}
	for _, reference := range []string{"", "op"} {
		progress, err := operator.Follow(c.t.Context(), scope, []provider.PlacedOrder{{Order: order, Reference: reference}}, calls)
		if err != nil || progress[0].Effect != provider.InDoubt {
			c.t.Errorf("%v: follows %v, %v", scope, progress, err)
		}
	}
}
