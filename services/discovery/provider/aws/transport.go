package aws

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	dialLimit      = 5 * time.Second
	handshakeLimit = 5 * time.Second
	idleLimit      = 60 * time.Second
	// idlePerHost are kept for the next run; each region's service has a host of
	// its own, except with one endpoint for all.
	idlePerHost = 32
	idleInAll   = 256
	// maxAnswer bounds one answer in bytes: a page of 1000 instances with all the
	// tags they may have stays below half of it.
	maxAnswer = 64 << 20
)

// errTooLong ends the reading of an answer that is beyond all measure.
var errTooLong = errors.New("the answer is longer than 64 MiB")

// newHTTPClient is the one HTTP client of all accounts, with so much time for
// each attempt from dialling to the end of the answer.
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
		// The answer to a signed request is never elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// trustAs has a client of ours, before it is first used, trust the authorities
// that the SDK's own client does: it has read AWS_CA_BUNDLE.
func trustAs(ours *http.Client, sdks aws.HTTPClient) {
	buildable, ok := sdks.(*awshttp.BuildableClient)
	if !ok {
		return
	}
	if settings := buildable.GetTransport().TLSClientConfig; settings != nil && settings.RootCAs != nil {
		ours.Transport.(*transport).next.TLSClientConfig = &tls.Config{RootCAs: settings.RootCAs, MinVersion: tls.VersionTLS12}
	}
}

// transport keeps requests and answers within bounds.
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
	response.Body = guarded(request.Context(), &bounded{body: response.Body, left: maxAnswer})
	return response, nil
}

// settled is the request with its body in memory, where net/http knows it to be.
//
// The SDK wraps bodies in a type of its own, which is closed as soon as the
// answer begins. When the peer is so fast that net/http is then still looking
// whether there is more of the body, that type's WriteTo gives io.EOF, which for
// an io.WriterTo is an error; net/http closes the connection, and the reading
// of the answer ends in "use of closed network connection" (smithy-go v1.28,
// transport/http/internal/io/safe.go). The SDK tries again and tells nobody.
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
	copied := *request // A RoundTripper must not change the request it is given.
	copied.Body = io.NopCloser(bytes.NewReader(body))
	copied.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return &copied, nil
}

// CloseIdleConnections drops idle connections.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// bounded is a body that may not be longer than left.
type bounded struct {
	body io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *bounded) Close() error { return b.body.Close() }
