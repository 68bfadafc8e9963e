package providerkit_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

func TestShorten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ message, want string }{
		"one_line":      {"out of capacity", "out of capacity"},
		"spaces":        {"  out\n\tof   capacity\r\n", "out of capacity"},
		"longest":       {strings.Repeat("x", 400), strings.Repeat("x", 400)},
		"too_long":      {strings.Repeat("x", 401), strings.Repeat("x", 400) + "…"},
		"cut_in_a_rune": {strings.Repeat("x", 399) + "éé", strings.Repeat("x", 399) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := providerkit.Shorten(test.message); got != test.want || !utf8.ValidString(got) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNetworkText_HasNoURL(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errors.New("connection refused"))}
	for want, err := range map[string]error{
		"connection refused":           &url.Error{Op: "Get", URL: "https://host/?token=hunter2", Err: refused},
		"there is no host ec2.nowhere": fmt.Errorf("send: %w", &net.DNSError{Err: "no such host", Name: "ec2.nowhere"}),
	} {
		if got := providerkit.NetworkText(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestIsTimeout(t *testing.T) {
	t.Parallel()
	for _, err := range []error{context.DeadlineExceeded, fmt.Errorf("read: %w", os.ErrDeadlineExceeded), &net.DNSError{IsTimeout: true}} {
		if !providerkit.IsTimeout(err) {
			t.Errorf("%v is a timeout", err)
		}
	}
	for _, err := range []error{nil, context.Canceled, errors.New("denied"), &net.DNSError{IsNotFound: true}} {
		if providerkit.IsTimeout(err) {
			t.Errorf("%v is no timeout", err)
		}
	}
}
