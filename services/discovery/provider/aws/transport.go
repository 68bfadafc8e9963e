package aws

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

const (
	dialLimit      = 5 * time.Second
	handshakeLimit = 5 * time.Second
	idleLimit      = 60 * time.Second
	// idlePerHost is the number of idle connections that are kept for the next run. Each service of
	// a region has its own host, unless there is one endpoint for all.
	idlePerHost = 32
	idleInAll   = 256
	// maxAnswer is the limit of one answer in bytes. A page of 1000 instances with the largest tags
	// has less than half of it.
	maxAnswer = 64 << 20
)

// newHTTPClient returns the HTTP client of all accounts. attemptLimit bounds each attempt from dialing
// to the end of the answer.
func newHTTPClient(attemptLimit time.Duration) *http.Client {
	return &http.Client{
		Timeout: attemptLimit,
		Transport: &transport{
			next: &http.Transport{
				Proxy:                 http.ProxyFromEnvironment,
				DialContext:           (&net.Dialer{Timeout: dialLimit, KeepAlive: idleLimit}).DialContext,
				TLSHandshakeTimeout:   handshakeLimit,
				MaxIdleConns:          idleInAll,
				MaxIdleConnsPerHost:   idlePerHost,
				IdleConnTimeout:       idleLimit,
				ExpectContinueTimeout: time.Second,
				ForceAttemptHTTP2:     true,
			},
		},
		// A signed request has no redirects.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// trustAs makes a client that was not used yet trust the authorities of the SDK's own client, which
// has read AWS_CA_BUNDLE.
func trustAs(ours *http.Client, sdks aws.HTTPClient) {
	buildable, ok := sdks.(*awshttp.BuildableClient)
	if !ok {
		return
	}
	if settings := buildable.GetTransport().TLSClientConfig; settings != nil && settings.RootCAs != nil {
		ours.Transport.(*transport).next.TLSClientConfig = &tls.Config{RootCAs: settings.RootCAs, MinVersion: tls.VersionTLS12}
	}
}

// transport bounds answers and holds requests in memory.
type transport struct{ next *http.Transport }

// RoundTrip sends a request.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	request, err := settled(request)
	if err != nil {
		return nil, err
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = guarded(request.Context(), providerkit.BoundedBody(response.Body, maxAnswer))
	return response, nil
}

// settled returns the request with a body that is in memory.
//
// The SDK wraps bodies in a type of its own and closes it as soon as the answer begins. If the peer
// is fast, net/http may still be checking whether the body has more data. Then WriteTo of that type
// returns io.EOF, which is an error for an io.WriterTo; net/http closes the connection, and reading
// the answer fails with "use of closed network connection" (smithy-go v1.28,
// transport/http/internal/io/safe.go). The SDK retries without any sign of it.
func settled(request *http.Request) (*http.Request, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return request, nil
	}
	body, err := io.ReadAll(request.Body)
	if closeErr := request.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	copied := *request // A RoundTripper must not modify the request.
	copied.Body = io.NopCloser(bytes.NewReader(body))
	copied.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return &copied, nil
}

// CloseIdleConnections drops idle connections.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }
