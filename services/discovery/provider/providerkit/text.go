package providerkit

import (
	"context"
	"errors"
	"net"
	"strings"
	"unicode/utf8"
)

// maxQuote is the largest part of a cloud's message that is quoted, in bytes.
const maxQuote = 400

// Shorten returns a message of a cloud on one line, cut after some hundred bytes.
func Shorten(message string) string {
	message = strings.Join(strings.Fields(message), " ")
	if len(message) <= maxQuote {
		return message
	}
	end := maxQuote
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + "…"
}

// NetworkText returns the innermost text of a network error, which has neither a URL nor a query.
func NetworkText(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "there is no host " + dns.Name
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return Shorten(err.Error())
		}
		err = inner
	}
}

// IsTimeout reports whether an error is that of a deadline, of a context or of a connection.
func IsTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}
