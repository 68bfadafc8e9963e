package gcp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"google.golang.org/api/googleapi"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// acting returns the transport of calls that change something. Each call opens a connection of its
// own: on a connection that is reused, a request that Google accepted and one that met a connection
// closed in the meantime fail in the same way.
func (s *session) acting() http.RoundTripper {
	return &bearer{session: s, next: &sendTracker{next: s.provider.actingTransport()}}
}

// actingTransport reuses no connections.
func (p *Provider) actingTransport() *boundedTransport {
	p.actOnce.Do(func() {
		next := p.transport.next.Clone()
		next.DisableKeepAlives = true
		p.actTransport = &boundedTransport{next: next}
	})
	return p.actTransport
}

type sentKey struct{}

// sendTracker is a transport that records, in the flag of the request's context, whether there was a
// connection to send the request on. It comes after the bearer, so that requests for tokens do not
// count.
type sendTracker struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (t *sendTracker) RoundTrip(request *http.Request) (*http.Response, error) {
	if sent, ok := request.Context().Value(sentKey{}).(*atomic.Bool); ok {
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }}
		request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	}
	return t.next.RoundTrip(request)
}

// actOnce makes a call that changes something, once. do sends it through the transport and returns
// the name of the operation that it began.
func (s *session) actOnce(
	ctx context.Context, verb provider.Verb, c call, calls provider.Calls, do func(context.Context, http.RoundTripper) (operation string, err error),
) provider.Receipt {
	c.project, c.signIn = s.project, s.signIn
	report, err := s.takeCall(ctx, c)
	if err != nil {
		return provider.Receipt{Effect: provider.NotTaken, Refusal: provider.ActionFault(provider.FaultOf(err))}
	}
	var sent atomic.Bool
	operation, err := once(context.WithValue(ctx, sentKey{}, &sent), s.provider.config.AttemptLimit, func(ctx context.Context) (string, error) {
		return do(ctx, s.acting())
	})
	throttled := err != nil && isThrottled(err) && !isQuota(err)
	report(throttled)
	calls.Called(throttled)
	if err == nil {
		return provider.Receipt{Effect: provider.Taken, Reference: operation}
	}
	receipt := provider.Receipt{Effect: effectOf(err, sent.Load()), Unsent: !sent.Load(), Refusal: refusalOf(err, c, verb)}
	if receipt.Effect == provider.InDoubt {
		receipt.Refusal.Retryable = true
	}
	return receipt
}

// effectOf returns what an error proves about the effect of a call. With a status of 4xx Google
// rejected it. After any other error it may have been accepted.
func effectOf(err error, sent bool) provider.Effect {
	if !sent || isThrottled(err) {
		return provider.NotTaken
	}
	api, ok := errors.AsType[*googleapi.Error](err)
	if ok && api.Code >= 400 && api.Code <= 499 && api.Code != http.StatusRequestTimeout {
		return provider.NotTaken
	}
	if ok && isCapacity(reasonOf(api)) {
		return provider.NotTaken
	}
	return provider.InDoubt
}
