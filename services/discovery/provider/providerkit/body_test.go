package providerkit_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

func TestBoundedBody(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	for name, test := range map[string]struct {
		size    int
		tooLong bool
	}{
		"empty":    {0, false},
		"short":    {limit - 1, false},
		"too_long": {limit + 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := providerkit.BoundedBody(io.NopCloser(strings.NewReader(strings.Repeat("x", test.size))), limit)
			// Not io.ReadAll, which would never end if a read returned neither data nor an error.
			var read, n int
			var err error
			for reads := 0; err == nil && reads < 100; reads++ {
				n, err = body.Read(make([]byte, limit/8))
				read += n
			}
			tooLong, ok := errors.AsType[*providerkit.TooLongError](err)
			if ok != test.tooLong || ok && tooLong.Error() != "the answer is longer than 1 MiB" {
				t.Errorf("got the error %v", err)
			}
			if read > limit || !test.tooLong && (!errors.Is(err, io.EOF) || read != test.size) {
				t.Errorf("read %d bytes of %d: %v", read, test.size, err)
			}
		})
	}
}
