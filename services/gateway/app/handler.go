package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/rollcall-dev/rollcall/services/gateway"
	"github.com/rollcall-dev/rollcall/services/gateway/assets"
	"github.com/rollcall-dev/rollcall/services/gateway/console"
	"github.com/rollcall-dev/rollcall/services/gateway/docs"
	"github.com/rollcall-dev/rollcall/services/gateway/health"
	"github.com/rollcall-dev/rollcall/services/gateway/rest"
	"github.com/rollcall-dev/rollcall/services/gateway/web"
)

// handler returns the handler of everything that the gateway serves over HTTP.
func handler(ctx context.Context, upstreams gateway.Upstreams, logger *slog.Logger, metrics *metrics) (http.Handler, error) {
	api, err := rest.New(ctx, upstreams)
	if err != nil {
		return nil, err
	}
	pages, err := docs.New()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", metrics.observe("rest", api))
	mux.Handle("GET /{$}", metrics.observe("console", console.New(upstreams)))
	mux.Handle("GET /instances/{instance}", metrics.observe("console", console.NewInstance(upstreams)))
	mux.Handle("GET /scopes", metrics.observe("console", console.NewScopes(upstreams)))
	mux.Handle("POST /scopes/{scope}/confirm", metrics.observe("console", console.NewConfirm(upstreams)))
	mux.Handle("GET /docs", metrics.observe("docs", pages.Page()))
	mux.Handle("GET /openapi.json", metrics.observe("docs", pages.Document()))
	mux.Handle("GET /assets/", metrics.observe("assets", assets.Handler()))
	mux.Handle("GET /healthz", health.Alive())
	mux.Handle("GET /readyz", health.Ready(upstreams.Processes()))
	mux.Handle("GET /metrics", metrics.handler())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		rest.WriteStatus(w, http.StatusNotFound, rest.NotFound(r.URL.Path))
	})
	return web.Wrap(logger, mux)
}
