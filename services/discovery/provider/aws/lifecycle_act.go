package aws

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// act is one call that changes something.
type act struct {
	session *session
	order   *provider.Order
	at      call
	client  *http.Client
	// sent tells that a connection was there to send it on: from then on it may
	// have reached AWS.
	sent atomic.Bool
}

// act prepares a call. Its client makes a connection of its own: on one that is
// kept, a call that AWS took and one that met a connection closed meanwhile end
// alike.
func (s *session) act(order *provider.Order, service, permission string) *act {
	return &act{
		session: s, order: order, client: s.provider.actingClient(),
		at: call{service: service, region: order.Location, permission: permission},
	}
}

// actingClient is the HTTP client of calls that change something.
func (p *Provider) actingClient() *http.Client {
	p.actOnce.Do(func() {
		next := p.http.Transport.(*transport).next.Clone()
		next.DisableKeepAlives = true
		p.acting = &http.Client{Timeout: p.http.Timeout, CheckRedirect: p.http.CheckRedirect, Transport: &transport{next: next}}
	})
	return p.acting
}

// watch has the sending be seen. It stands last before the sending, so that what
// was sent to get credentials does not count.
func (a *act) watch(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("rollcall:WatchSending",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error,
		) {
			trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { a.sent.Store(true) }}
			return next.HandleDeserialize(httptrace.WithClientTrace(ctx, trace), in)
		}), middleware.After)
}

// once makes the call, and says what is known of it afterwards.
func (a *act) once(
	ctx context.Context, calls provider.Calls, do func(context.Context) (provider.State, string, error),
) provider.Receipt {
	var receipt provider.Receipt
	var cause error
	_, err := attempt(ctx, a.session.provider.config.CallLimit, calls, a.session.failures(a.at), func(ctx context.Context) (struct{}, error) {
		var err error
		receipt.State, receipt.ProviderState, err = do(ctx)
		cause = err
		return struct{}{}, err
	})
	if err == nil {
		receipt.Effect = provider.Taken
		return receipt
	}
	if cause == nil {
		cause = err
	}
	receipt.Effect = a.effect(cause)
	receipt.Unsent = !a.sent.Load()
	receipt.Refusal = a.refusal(cause, err, receipt.Effect)
	return receipt
}

// effect is what an error proves of the call. That AWS refused it, it says with a
// status of 4xx, and with some errors of 5xx; any other may have come after it
// was taken.
func (a *act) effect(err error) provider.Effect {
	if !a.sent.Load() {
		return provider.NotTaken
	}
	if throttles.IsErrorThrottle(err) == aws.TrueTernary || slices.Contains(capacityCodes, codeOf(err)) {
		return provider.NotTaken
	}
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok {
		return provider.InDoubt
	}
	switch status := response.HTTPStatusCode(); {
	case status == http.StatusRequestTimeout:
		return provider.InDoubt
	case status >= 400 && status <= 499:
		return provider.NotTaken
	}
	return provider.InDoubt
}
