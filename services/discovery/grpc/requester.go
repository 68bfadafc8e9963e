package grpc

import (
	"context"
	"net"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// userHeaders name the user, the first one that is set. Authenticating proxies set them.
var userHeaders = []string{"x-forwarded-user", "x-forwarded-email", "x-auth-request-user"}

// maxHeader bounds the text of a header, in bytes.
const maxHeader = 256

// requesterOf returns the caller, as far as it is known. Headers can be trusted only as far as
// the proxy that sets them.
func requesterOf(ctx context.Context) operation.Requester {
	md, _ := metadata.FromIncomingContext(ctx)
	r := operation.Requester{Source: operation.UserUnknown}
	for _, header := range userHeaders {
		values := md.Get(header)
		if len(values) == 0 {
			values = md.Get(header + "-bin") // A name that is not ASCII: other headers of gRPC have only ASCII.
		}
		if user := short(strings.Join(values, ", ")); user != "" {
			r.User, r.Source = user, operation.UserForwarded
			break
		}
	}
	r.Address = short(strings.Join(md.Get("x-forwarded-for"), ", "))
	if p, ok := peer.FromContext(ctx); ok && r.Address == "" {
		r.Address = addressOf(p.Addr)
	}
	for _, header := range []string{"x-forwarded-user-agent", "grpcgateway-user-agent", "user-agent"} {
		if agent := short(strings.Join(md.Get(header), " ")); agent != "" {
			r.UserAgent = agent
			break
		}
	}
	return r
}

// addressOf returns an address without its port, which identifies nothing.
func addressOf(address net.Addr) string {
	if address == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host
}

// short returns a text in a form that can be stored and shown.
func short(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	for len(text) > maxHeader {
		text = strings.ToValidUTF8(text[:maxHeader], "")
	}
	return strings.TrimSpace(text)
}
