package gcp

import (
	"net"
	"net/http"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

const (
	dialLimit      = 5 * time.Second
	handshakeLimit = 5 * time.Second
	idleLimit      = 60 * time.Second
	// idlePerHost is the number of idle connections that are kept for the next run. All projects
	// share Google's few hosts.
	idlePerHost = 32
	// maxAnswer bounds one answer in bytes. A page of 500 VMs with all their metadata is far
	// smaller.
	maxAnswer = 128 << 20
)

// newTransport returns the transport that all projects share.
func newTransport() *boundedTransport {
	return &boundedTransport{next: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialLimit, KeepAlive: idleLimit}).DialContext,
		TLSHandshakeTimeout:   handshakeLimit,
		MaxIdleConns:          2 * idlePerHost,
		MaxIdleConnsPerHost:   idlePerHost,
		IdleConnTimeout:       idleLimit,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     true,
	}}
}

// boundedTransport bounds the length of answers.
type boundedTransport struct{ next *http.Transport }

// RoundTrip sends a request.
func (t *boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = providerkit.BoundedBody(response.Body, maxAnswer)
	return response, nil
}

// noRedirects keeps a client from following redirects. The answer to a signed request or to a
// request for a token is never elsewhere.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
