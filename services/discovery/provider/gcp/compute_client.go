package gcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	compute "cloud.google.com/go/compute/apiv1"
	"google.golang.org/api/option"
)

// instancesClient returns a client for one call of a method of VMs, sent through transport.
func (s *session) instancesClient(ctx context.Context, m method, transport http.RoundTripper) (*compute.InstancesClient, error) {
	client, err := newComputeClient(ctx, s, m, transport, compute.NewInstancesRESTClient)
	if err == nil {
		*client.CallOptions = compute.InstancesCallOptions{} // No retries: attempt repeats calls.
	}
	return client, err
}

// zonesClient returns a client for one call of a method of zones.
func (s *session) zonesClient(ctx context.Context, m method) (*compute.ZonesClient, error) {
	client, err := newComputeClient(ctx, s, m, s.reading, compute.NewZonesRESTClient)
	if err == nil {
		*client.CallOptions = compute.ZonesCallOptions{}
	}
	return client, err
}

// zoneOperationsClient returns a client for one call of a method of zone operations.
func (s *session) zoneOperationsClient(ctx context.Context, m method) (*compute.ZoneOperationsClient, error) {
	client, err := newComputeClient(ctx, s, m, s.reading, compute.NewZoneOperationsRESTClient)
	if err == nil {
		*client.CallOptions = compute.ZoneOperationsCallOptions{}
	}
	return client, err
}

// newComputeClient returns a generated client for one call; callTransport explains why each call has
// its own. That takes about 30 µs and opens no connection.
func newComputeClient[C any](
	ctx context.Context, s *session, m method, transport http.RoundTripper,
	newClient func(context.Context, ...option.ClientOption) (C, error),
) (C, error) {
	client := &http.Client{Transport: &callTransport{ctx: ctx, method: m, next: transport}, CheckRedirect: noRedirects}
	return newClient(ctx, option.WithHTTPClient(client), option.WithEndpoint(s.provider.endpoints.compute))
}

// errSecondRequest is returned to a generated client that sends a second request in one call.
var errSecondRequest = errors.New("gcp: a call must not send a second request")

// callTransport sends the one request of a call. It adds what the generated clients for Compute
// Engine can't:
//
//   - the context of the call, which their list methods do not attach to the request,
//   - the parameters returnPartialSuccess and fields, which they do not have,
//   - the end after one page, because their iterators fetch the next one if a page is empty.
//
// It also makes answers readable that their JSON decoder rejects; see answerBody.
type callTransport struct {
	ctx    context.Context //nolint:containedctx // The generated client drops the caller's context.
	method method
	next   http.RoundTripper
	sent   atomic.Bool
}

// RoundTrip sends a request.
func (t *callTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if t.sent.Swap(true) {
		return nil, errSecondRequest
	}
	request = request.Clone(t.ctx)
	query := request.URL.Query()
	if t.method.fields != "" {
		query.Set("fields", t.method.fields)
	}
	if t.method.partialSuccess {
		query.Set("returnPartialSuccess", "true")
	}
	request.URL.RawQuery = query.Encode()
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	succeeded := response.StatusCode >= 200 && response.StatusCode <= 299
	response.Body = &answerBody{body: response.Body, succeeded: succeeded}
	return response, nil
}

// firstPage returns the page that an iterator fetched first; err is the iterator's.
func firstPage[P any](response any, err error) (P, error) {
	if page, ok := response.(P); ok {
		return page, nil
	}
	var none P
	return none, err
}

// errEmptyAnswer is an answer with a good status and no content.
var errEmptyAnswer = errors.New("an answer that is empty")

// answerBody is the body of an answer, read as a whole and in a form that protojson accepts. It
// returns distinct errors for an answer that is empty, cut short, or not JSON.
type answerBody struct {
	body      io.ReadCloser
	succeeded bool // Whether the status is 2xx.

	buffer  *bytes.Buffer // The whole answer; nil before the first Read.
	content *bytes.Reader // The content that the client reads.
	err     error
}

// Read reads the whole answer first.
func (b *answerBody) Read(p []byte) (int, error) {
	if b.buffer == nil && b.err == nil {
		b.buffer = buffers.Get().(*bytes.Buffer)
		b.content, b.err = b.readAll()
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.content.Read(p)
}

// readAll reads the answer. A part of an error is enough, because its status decides.
func (b *answerBody) readAll() (*bytes.Reader, error) {
	_, err := b.buffer.ReadFrom(b.body)
	content := b.buffer.Bytes()
	if !b.succeeded {
		return bytes.NewReader(content), nil
	}
	if err != nil {
		return nil, err
	}
	switch trimmed := bytes.TrimSpace(content); {
	case len(trimmed) == 0:
		return nil, errEmptyAnswer
	case trimmed[len(trimmed)-1] != '}': // Unlike protojson, encoding/json reports JSON that was cut short.
		var raw json.RawMessage
		if err := json.NewDecoder(bytes.NewReader(trimmed)).Decode(&raw); err != nil {
			return nil, err
		}
	}
	return bytes.NewReader(lenient(content)), nil
}

// Close closes the body. Nothing can be read afterwards.
func (b *answerBody) Close() error {
	if b.buffer != nil && b.err != errClosedAnswer && b.buffer.Cap() <= maxPooled { //nolint:errorlint // It is never wrapped.
		b.buffer.Reset()
		buffers.Put(b.buffer)
	}
	b.err = errClosedAnswer
	return b.body.Close()
}

// errClosedAnswer is returned for a read of an answer that was closed.
var errClosedAnswer = errors.New("gcp: read of a closed answer")

// maxPooled bounds the buffers that are kept, in bytes: a page of 500 VMs fits.
const maxPooled = 4 << 20

// buffers are reused, because each page of a list would need a new one of a megabyte.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// lenient returns JSON in a form that protojson accepts if encoding/json accepts the original: a
// null element of an array becomes {}, and invalid UTF-8 becomes U+FFFD. It may change content.
func lenient(content []byte) []byte {
	if !utf8.Valid(content) {
		content = bytes.ToValidUTF8(content, []byte("\uFFFD"))
	}
	if !bytes.Contains(content, []byte("null")) {
		return content
	}
	inString, previous := false, byte(0) // previous is the last byte outside strings that is not a space.
	for i := 0; i < len(content); i++ {
		switch c := content[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString, previous = !inString, c
		case inString, c == ' ', c == '\n', c == '\r', c == '\t':
		case c == 'n' && (previous == '[' || previous == ',') && bytes.HasPrefix(content[i:], []byte("null")):
			copy(content[i:], "{}  ")
			i += len("null") - 1
			previous = '}'
		default:
			previous = c
		}
	}
	return content
}
