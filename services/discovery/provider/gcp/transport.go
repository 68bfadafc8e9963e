package gcp

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	dialLimit      = 5 * time.Second
	handshakeLimit = 5 * time.Second
	idleLimit      = 60 * time.Second
	// idlePerHost are kept for the next run; all projects share Google's few hosts.
	idlePerHost = 32
	// maxAnswer bounds one answer in bytes: a page of 500 VMs, with the metadata
	// that each may have, stays far below it.
	maxAnswer = 128 << 20
)

// errTooLong ends the reading of an answer that is beyond all measure.
var errTooLong = errors.New("the answer is longer than 128 MiB")

// newTransport is the one transport of all projects.
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

// boundedTransport lets no answer be read without end.
type boundedTransport struct{ next *http.Transport }

// RoundTrip sends a request.
func (t *boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &bounded{body: response.Body, left: maxAnswer}
	return response, nil
}

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

// noRedirects keeps a client from following an answer elsewhere: the answer to a
// signed request, or to a request for a token, is never there.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
