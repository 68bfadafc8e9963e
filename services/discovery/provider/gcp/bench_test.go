package gcp_test

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// BenchmarkAggregatedList reads a project of 20,000 VMs: with the generated client alone, with the
// generated client and the mask, and with a session. The answers are replayed, so that the figures
// do not contain the work of the simulator.
func BenchmarkAggregatedList(b *testing.B) {
	const machines = 20_000
	c := newCloudIn(b, cloudsim.Config{Clouds: cloudsim.Clouds{simgcp.Config{Projects: []simgcp.ProjectPlan{{
		ID: project, Regions: []string{"us-central1", "europe-west1", "us-east1", "europe-west4", "asia-southeast1"}, Instances: machines / 16,
	}}}}}, func(config *gcp.Config) {
		config.PageSize, config.AttemptLimit, config.CallLimit = 0, time.Minute, time.Minute
	})
	c.proxy.next = &replayer{next: c.proxy.next, answers: map[string][]byte{}}
	token := c.IssueToken(simgcp.ServiceAccountEmail(project, simgcp.DefaultServiceAccount), project, time.Hour)
	for name, read := range map[string]func() int{
		"client":      func() int { return readBare(b, c.url, token.Token, "") },
		"client/mask": func() int { return readBare(b, c.url, token.Token, gcp.AllZonesFields) },
		"session": func() int {
			sink := &countingSink{}
			session := c.open()
			if err := session.ReadBatch(b.Context(), session.Batch(provider.ScopeID{Kind: cloud.VirtualMachine}), sink); err != nil {
				b.Fatal(err)
			}
			return sink.instances
		},
	} {
		b.Run(name, func(b *testing.B) {
			read() // Keeps the answers for the replay.
			b.ReportAllocs()
			for b.Loop() {
				if n := read(); n != machines {
					b.Fatalf("%d VMs, want %d", n, machines)
				}
			}
			b.ReportMetric(machines*float64(b.N)/b.Elapsed().Seconds(), "instances/s")
		})
	}
}

// readBare lists all VMs with the generated client and counts them.
func readBare(b *testing.B, url, token, fields string) int {
	b.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, err := compute.NewInstancesRESTClient(b.Context(), option.WithEndpoint(url),
		option.WithHTTPClient(&http.Client{Transport: bareTransport{token: token, fields: fields, next: transport}}))
	if err != nil {
		b.Fatal(err)
	}
	count := 0
	request := &computepb.AggregatedListInstancesRequest{Project: project, MaxResults: proto.Uint32(500)}
	for zone, err := range client.AggregatedList(b.Context(), request).All() {
		if err != nil {
			b.Fatal(err)
		}
		count += len(zone.Value.GetInstances())
	}
	return count
}

// bareTransport adds what any caller of the generated client has to add.
type bareTransport struct {
	token, fields string
	next          http.RoundTripper
}

func (t bareTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+t.token)
	query := request.URL.Query()
	query.Set("returnPartialSuccess", "true")
	if t.fields != "" {
		query.Set("fields", t.fields)
	}
	request.URL.RawQuery = query.Encode()
	return t.next.RoundTrip(request)
}

// replayer answers a request as it was answered the first time.
type replayer struct {
	next http.Handler

	mu      sync.Mutex
	answers map[string][]byte
}

func (r *replayer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodGet {
		r.next.ServeHTTP(w, request)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	answer, known := r.answers[request.URL.String()]
	if !known {
		kept := &bufferWriter{header: http.Header{}}
		r.next.ServeHTTP(kept, request)
		answer = kept.Bytes()
		r.answers[request.URL.String()] = answer
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer)
}

// bufferWriter keeps an answer in memory.
type bufferWriter struct {
	bytes.Buffer
	header http.Header
}

func (w *bufferWriter) Header() http.Header { return w.header }
func (w *bufferWriter) WriteHeader(int)     {}

// countingSink counts instances.
type countingSink struct{ instances int }

func (s *countingSink) Page(_ context.Context, _ provider.ScopeID, instances []provider.Instance) error {
	s.instances += len(instances)
	return nil
}
func (s *countingSink) Fail(provider.ScopeID, *fault.Error) {}
func (s *countingSink) Called(bool)                         {}
