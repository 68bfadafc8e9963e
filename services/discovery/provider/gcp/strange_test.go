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

// stranger is a Google Cloud by hand, which answers as Google may and no simulator of ours does: with pages that are empty
// and lead on, answers that are zipped, fields left out, and refusals in all their forms before it answers at all.
type stranger struct {
	refusals []func(http.ResponseWriter)
	refused  atomic.Int32
}

// refuse refuses, with one refusal after the other; false when they are used up.
func (s *stranger) refuse(w http.ResponseWriter) bool {
	n := int(s.refused.Add(1)) - 1
	if n >= len(s.refusals) {
		return false
	}
	s.refusals[n](w)
	return true
}

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pages := map[string]string{
		"/compute/v1/projects/p-one/zones": `{"kind":"compute#zoneList","items":[{"name":"europe-west1-b"},null,{"name":"mars-north1-a"}]}`,
		// A zone that has nothing is left out, or has a warning, or no instances.
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
	if s.refuse(w) {
		return
	}
	place := r.URL.Path
	if token := r.URL.Query().Get("pageToken"); token != "" {
		place += "?" + token
	}
	answer, ok := pages[place]
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

// refusal is an answer that another try may better.
func refusal(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestAStranger(t *testing.T) {
	t.Parallel()
	reset := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, refusals := range map[string][]func(http.ResponseWriter){
		"nothing":       nil,
		"too many":      {refusal(429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}`), refusal(429, ``)},
		"a rate":        {refusal(403, `{"error":{"code":403,"message":"Rate Limit Exceeded","errors":[{"domain":"usageLimits","reason":"rateLimitExceeded"}]}}`)},
		"a detail":      {refusal(403, `{"error":{"code":403,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","domain":"googleapis.com"}]}}`)},
		"resets":        {reset, reset},
		"a proxy":       {refusal(502, `<html>Bad Gateway</html>`), refusal(503, ``)},
		"a cut answer":  {func(w http.ResponseWriter) { fmt.Fprint(w, `{"kind":"compute#zoneList","items":[{"name":"eur`) }},
		"null":          {refusal(200, `null`)},
		"a timeout":     {refusal(408, ``), refusal(504, `{}`)},
		"a token ended": {refusal(401, `{"error":{"code":401,"status":"UNAUTHENTICATED"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&stranger{refusals: refusals})
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
				t.Fatalf("opens %s, %v", id, err)
			}
			scopes, err := session.Scopes(t.Context())
			if err != nil || len(scopes) != 4 {
				t.Fatalf("scopes %v, %v", scopes, err)
			}
			c.wantStrange(session.(provider.BatchSession))
		})
	}
}

// wantStrange reads all of the stranger.
func (c *testCloud) wantStrange(session provider.BatchSession) {
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
		held := map[provider.ScopeID]string{}
		for scope, instances := range got.instances {
			var lines []string
			for _, i := range instances {
				lines = append(lines, fmt.Sprintf("%s %s %s %s", i.ProviderID, i.DisplayName, i.State, i.ProviderState))
			}
			if slices.Sort(lines); len(lines) > 0 {
				held[scope] = strings.Join(lines, ", ")
			}
		}
		if !maps.Equal(held, want) {
			c.t.Errorf("%s: got %v\nwant %v", kind, held, want)
		}
	}
}

// nothing is a Google Cloud that says null to everything.
func nothing(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/token" {
		fmt.Fprint(w, `{"access_token":"t","expires_in":3600,"token_type":"Bearer"}`)
		return
	}
	fmt.Fprint(w, "null")
}

// An answer of null is none, whatever was asked: nothing is found, and nothing is taken
// to be gone.
func TestNull(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(nothing))
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
			t.Errorf("%s is taken to be there", permission.Name)
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

// wantNothing asks for an instance of a scope, and has it started.
func (c *testCloud) wantNothing(operator provider.Operator, scope provider.ScopeID) {
	c.t.Helper()
	calls := &seen{}
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
