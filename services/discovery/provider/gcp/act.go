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

// acting returns the transport of calls that change something. Each call makes a connection of its
// own: on one that is kept, a call that Google took and one that met a connection closed meanwhile
// end alike.
func (s *session) acting() http.RoundTripper {
	return &bearer{session: s, next: &sendWatch{next: s.provider.actingTransport()}}
}

// actingTransport keeps no connections.
func (p *Provider) actingTransport() *boundedTransport {
	p.actOnce.Do(func() {
		next := p.transport.next.Clone()
		next.DisableKeepAlives = true
		p.actTransport = &boundedTransport{next: next}
	})
	return p.actTransport
}

type sentKey struct{}

// sendWatch is a transport that tells of requests whether there was a connection to
// send them on. It stands behind what signs them, so that what was sent to get a
// token does not count.
type sendWatch struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (t *sendWatch) RoundTrip(request *http.Request) (*http.Response, error) {
	if sent, ok := request.Context().Value(sentKey{}).(*atomic.Bool); ok {
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }}
		request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	}
	return t.next.RoundTrip(request)
}

// actOnce makes a call that changes something, once, and says what is known of it
// afterwards.
func (s *session) actOnce(
	ctx context.Context, verb provider.Verb, at call, calls provider.Calls, do func(context.Context, http.RoundTripper) (reference string, err error),
) provider.Receipt {
	at.project, at.signIn = s.project, s.signIn
	told, err := s.spend(ctx, at)
	if err != nil {
		return provider.Receipt{Effect: provider.NotTaken, Refusal: provider.ActionFault(provider.FaultOf(err))}
	}
	var sent atomic.Bool
	reference, err := once(context.WithValue(ctx, sentKey{}, &sent), s.provider.config.AttemptLimit, func(ctx context.Context) (string, error) {
		return do(ctx, s.acting())
	})
	throttled := err != nil && isThrottled(err) && !isQuota(err)
	told(throttled)
	calls.Called(throttled)
	if err == nil {
		return provider.Receipt{Effect: provider.Taken, Reference: reference}
	}
	receipt := provider.Receipt{Effect: effectOf(err, sent.Load()), Unsent: !sent.Load(), Refusal: refusalOf(err, at, verb)}
	if receipt.Effect == provider.InDoubt {
		receipt.Refusal.Retryable = true
	}
	return receipt
}

// effectOf is what an error proves of a call. That Google refused it, it says
// with a status of 4xx; any other may have come after it was taken.
func effectOf(err error, sent bool) provider.Effect {
	if !sent || isThrottled(err) {
		return provider.NotTaken
	}
	api, ok := errors.AsType[*googleapi.Error](err)
	if ok && api.Code >= 400 && api.Code <= 499 && api.Code != http.StatusRequestTimeout {
		return provider.NotTaken
	}
	if ok && isCapacity(reasonIn(api)) {
		return provider.NotTaken
	}
	return provider.InDoubt
}
