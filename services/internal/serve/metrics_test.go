package serve_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// openMeter opens a meter with a counter of one service on it.
func openMeter(t *testing.T, config serve.Metrics, service string) *serve.Meter {
	t.Helper()
	meter, err := config.Open(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(meter.Close)
	promauto.With(meter).NewCounter(prometheus.CounterOpts{Name: "rollcall_" + service + "_things_total", Help: "Things."}).Inc()
	return meter
}

func TestMetrics_AreServedAtTheirAddress(t *testing.T) {
	listener, err := serve.Address("127.0.0.1:0").Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	meter := openMeter(t, serve.Metrics{Addr: serve.Listener(listener)}, "test")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- meter.Serve(ctx) }()
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	defer transport.CloseIdleConnections()
	read := func(path string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	code, body := read("/metrics")
	for _, want := range []string{"rollcall_test_things_total 1", "go_goroutines"} {
		if !strings.Contains(body, want) {
			t.Errorf("%d without %s:\n%s", code, want, body)
		}
	}
	if code, _ := read("/"); code != http.StatusNotFound {
		t.Errorf("/ is answered with %d", code)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve left its listener open: %v", err)
	}
}

func TestMetrics_ServicesShareARegistry(t *testing.T) {
	shared := serve.Metrics{Registry: prometheus.NewRegistry()}
	openMeter(t, shared, "one")
	meter := openMeter(t, shared, "two")
	if err := meter.Serve(t.Context()); err != nil { // no address: nothing to serve
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	meter.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	body := answer.Body.String()
	for _, want := range []string{"rollcall_one_things_total 1", "rollcall_two_things_total 1"} {
		if !strings.Contains(body, want) {
			t.Errorf("without %s:\n%s", want, body)
		}
	}
	if strings.Contains(body, "go_goroutines") {
		t.Error("the metrics of the process are registered by more than the owner of the registry")
	}
}
