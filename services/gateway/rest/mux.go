package rest

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway"
	accountsrest "github.com/rollcall-dev/rollcall/services/gateway/rest/stubs/rollcall/accounts/v1"
	discoveryrest "github.com/rollcall-dev/rollcall/services/gateway/rest/stubs/rollcall/discovery/v1"
	inventoryrest "github.com/rollcall-dev/rollcall/services/gateway/rest/stubs/rollcall/inventory/v1"
)

// RequestIDHeader is the header with the id of a request. It is forwarded to the services.
const RequestIDHeader = "X-Request-Id"

// userHeaders are the headers in which an authenticating proxy names the user, for the audit log.
var userHeaders = []string{"X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-User"}

// New returns the handler of `/v1/…`. The caller closes the connections of the upstreams.
func New(ctx context.Context, upstreams gateway.Upstreams) (http.Handler, error) {
	table, err := routes(upstreams.Public())
	if err != nil {
		return nil, err
	}
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newMarshaler()),
		runtime.WithMarshalerOption(contentTypeEvents, eventMarshaler{newMarshaler()}),
		runtime.WithErrorHandler(writeError),
		runtime.WithRoutingErrorHandler(routingError),
		runtime.WithMiddlewares(stopProbes, table.events, table.readStrictly, table.plainFirstError),
		runtime.WithIncomingHeaderMatcher(incomingHeader),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithOutgoingTrailerMatcher(noHeader),
		runtime.WithMetadata(requestID),
		// A POST is always a POST, regardless of its content type and headers.
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithWriteContentLength(),
	)
	if err := register(ctx, mux, upstreams); err != nil {
		return nil, fmt.Errorf("register the REST handlers: %w", err)
	}
	return headAsGet(requireUTF8(limitBody(mux))), nil
}

func register(ctx context.Context, mux *runtime.ServeMux, up gateway.Upstreams) error {
	if err := accountsrest.RegisterAccountServiceHandlerClient(ctx, mux, accountsv1.NewAccountServiceClient(up.Accounts)); err != nil {
		return err
	}
	if err := accountsrest.RegisterKeyServiceHandlerClient(ctx, mux, accountsv1.NewKeyServiceClient(up.Accounts)); err != nil {
		return err
	}
	if err := inventoryrest.RegisterInventoryServiceHandlerClient(ctx, mux, inventoryv1.NewInventoryServiceClient(up.Inventory)); err != nil {
		return err
	}
	if err := discoveryrest.RegisterLifecycleServiceHandlerClient(ctx, mux, discoveryv1.NewLifecycleServiceClient(up.Discovery)); err != nil {
		return err
	}
	if err := discoveryrest.RegisterOperationServiceHandlerClient(ctx, mux, discoveryv1.NewOperationServiceClient(up.Discovery)); err != nil {
		return err
	}
	if err := discoveryrest.RegisterAuditServiceHandlerClient(ctx, mux, discoveryv1.NewAuditServiceClient(up.Discovery)); err != nil {
		return err
	}
	return discoveryrest.RegisterDiscoveryServiceHandlerClient(ctx, mux, discoveryv1.NewDiscoveryServiceClient(up.Discovery))
}

// incomingHeader selects the headers that are forwarded as metadata, in addition to Authorization
// and Grpc-Timeout, which grpc-gateway always forwards.
func incomingHeader(key string) (string, bool) {
	return key, key == "Traceparent" || key == "Tracestate" || slices.Contains(userHeaders, key)
}

// noHeader drops all metadata of responses.
func noHeader(string) (string, bool) { return "", false }

// requestID returns metadata with the id of the request, its user agent and its user.
func requestID(_ context.Context, r *http.Request) metadata.MD {
	md := metadata.MD{}
	if id := r.Header.Get(RequestIDHeader); id != "" {
		md.Set(RequestIDHeader, id)
	}
	if agent := r.UserAgent(); agent != "" {
		md.Set("x-forwarded-user-agent", printable(agent))
	}
	for _, header := range userHeaders {
		// Values that are not ASCII need a key with the suffix -bin; grpc-gateway drops them.
		if user := r.Header.Get(header); user != printable(user) {
			md.Set(header+"-bin", user)
		}
	}
	return md
}

// printable returns text with a question mark in place of each byte that gRPC metadata can't
// contain.
func printable(text string) string {
	out := []byte(text)
	for i, b := range out {
		if b < ' ' || b > '~' {
			out[i] = '?'
		}
	}
	return string(out)
}

// headAsGet handles HEAD like GET; net/http omits the body (RFC 9110, section 9.3.2).
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}
