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
	// sent reports whether there was a connection to send the request on. From then on it may have
	// reached AWS.
	sent atomic.Bool
}

// act prepares a call. Its client opens a new connection: on a reused one, a call that AWS accepted
// and a call on a connection that was closed in the meantime fail alike.
func (s *session) act(order *provider.Order, service, permission string) *act {
	return &act{
		session: s, order: order, client: s.provider.actingClient(),
		at: call{service: service, region: order.Location, permission: permission},
	}
}

// actingClient returns the HTTP client of calls that change something.
func (p *Provider) actingClient() *http.Client {
	p.actOnce.Do(func() {
		next := p.http.Transport.(*transport).next.Clone()
		next.DisableKeepAlives = true
		p.acting = &http.Client{Timeout: p.http.Timeout, CheckRedirect: p.http.CheckRedirect, Transport: &transport{next: next}}
	})
	return p.acting
}

// watch records when the request is sent. It is the last step before that, so that requests for
// credentials do not count.
func (a *act) watch(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("rollcall:WatchSending",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error,
		) {
			trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { a.sent.Store(true) }}
			return next.HandleDeserialize(httptrace.WithClientTrace(ctx, trace), in)
		}), middleware.After)
}

// once makes the call and returns its receipt.
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

// effect returns what an error proves about the effect of the call. AWS rejects calls with a status of
// 4xx, and with some errors of 5xx. Any other error may follow after AWS accepted the call.
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
