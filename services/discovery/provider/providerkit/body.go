package providerkit

import (
	"fmt"
	"io"
)

// TooLongError is the error of an answer that is longer than its limit.
type TooLongError struct{ Limit int64 }

// Error returns the message.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("the answer is longer than %d MiB", e.Limit>>20)
}

// BoundedBody returns a body that fails with a TooLongError after limit bytes.
func BoundedBody(body io.ReadCloser, limit int64) io.ReadCloser {
	return &boundedBody{body: body, limit: limit, left: limit}
}

type boundedBody struct {
	body        io.ReadCloser
	limit, left int64
}

// Read reads from the body, at most up to the limit.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, &TooLongError{Limit: b.limit}
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// Close closes the body.
func (b *boundedBody) Close() error { return b.body.Close() }
