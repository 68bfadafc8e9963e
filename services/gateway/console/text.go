package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
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
	return RelativeTime{Text: ago(now.Sub(t)), Exact: t.UTC().Format("2006-01-02 15:04:05 UTC"), Machine: t.UTC().Format(time.RFC3339)}
}

// IsZero reports whether the time is not set.
func (m RelativeTime) IsZero() bool { return m.Text == "" }

// ago returns the text for a time that was d before now.
func ago(d time.Duration) string {
	if d < 2*time.Second {
		return "just now"
	}
	return span(d) + " ago"
}

// span returns a duration in its largest unit: `14 s`, `12 min`, `6 h`, `2 d`.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
}

// number returns a number with thousands separators: `12,345`.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// count returns a number with its noun: `1 scope`, `3 scopes`.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

// listing joins the first texts and counts the rest: `a, b and 4 more`.
func listing(texts []string, limit int) string {
	if len(texts) <= limit {
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:limit], ", "), len(texts)-limit)
}

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
