package grpc

import (
	"context"
	"net"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// userHeaders name who calls, the first that is set: what authenticating proxies
// set for those behind them.
var userHeaders = []string{"x-forwarded-user", "x-forwarded-email", "x-auth-request-user"}

// maxWho bounds what a header may say, in bytes.
const maxWho = 256

// requesterOf is who called, as far as is known. Headers are worth as much as
// whoever set them: no more is claimed.
func requesterOf(ctx context.Context) operation.Requester {
	md, _ := metadata.FromIncomingContext(ctx)
	r := operation.Requester{Source: operation.UserUnknown}
	for _, header := range userHeaders {
		said := md.Get(header)
		if len(said) == 0 {
			said = md.Get(header + "-bin") // A name that is not ASCII; gRPC's other headers hold nothing else.
		}
		if user := short(strings.Join(said, ", ")); user != "" {
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

// addressOf is an address without its port, which tells nothing.
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

// short is a text that can be stored and shown.
func short(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	for len(text) > maxWho {
		text = strings.ToValidUTF8(text[:maxWho], "")
	}
	return strings.TrimSpace(text)
}
