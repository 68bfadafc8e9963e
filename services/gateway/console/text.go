package console

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// RelativeTime is a time in the forms that the page shows.
type RelativeTime struct {
	// Text is relative to now: `14 s ago`.
	Text string
	// Exact is for a tooltip: `2026-11-23 21:53:49 UTC`.
	Exact string
	// Machine is in RFC 3339 format.
	Machine string
}

// relativeTime returns a timestamp relative to now, or the zero value if it is not set.
func relativeTime(at *timestamppb.Timestamp, now time.Time) RelativeTime {
	if at == nil {
		return RelativeTime{}
	}
	return relativeTo(at.AsTime(), now)
}

func relativeTo(t, now time.Time) RelativeTime {
	return RelativeTime{Text: humanize.Ago(now.Sub(t)), Exact: t.UTC().Format("2006-01-02 15:04:05 UTC"), Machine: t.UTC().Format(time.RFC3339)}
}

// IsZero reports whether the time is not set.
func (m RelativeTime) IsZero() bool { return m.Text == "" }

// enumText returns the name of an enum value for people: VIRTUAL_MACHINE becomes `virtual machine`.
func enumText(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", " "))
}

// capitalized returns enumText with a capital first letter.
func capitalized(name string) string {
	text := enumText(name)
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// ariaBool is a bool as ARIA writes it.
func ariaBool(b bool) string { return strconv.FormatBool(b) }

// addByCurl returns a command that adds an account over REST.
func addByCurl(origin string) string {
	return "curl -X POST " + origin + "/v1/accounts -d '\n" +
		`{"displayName": "payments", "aws": {"accountId": "100000000001"}}'`
}
