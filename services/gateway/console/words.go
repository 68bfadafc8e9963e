package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Moment is a time as people read it: how long ago, and exactly on demand.
type Moment struct {
	// Text is relative: `14 s ago`.
	Text string
	// Exact is for a tooltip: `2026-11-23 21:53:49 UTC`.
	Exact string
	// Machine is RFC 3339.
	Machine string
}

// moment is a timestamp seen from now; the zero Moment when it is not set.
func moment(at *timestamppb.Timestamp, now time.Time) Moment {
	if at == nil {
		return Moment{}
	}
	return momentAt(at.AsTime(), now)
}

func momentAt(t, now time.Time) Moment {
	return Moment{Text: ago(now.Sub(t)), Exact: t.UTC().Format("2006-01-02 15:04:05 UTC"), Machine: t.UTC().Format(time.RFC3339)}
}

// IsZero tells whether there is no time to speak of.
func (m Moment) IsZero() bool { return m.Text == "" }

// ago is how long ago something was.
func ago(d time.Duration) string {
	if d < 2*time.Second {
		return "just now"
	}
	return span(d) + " ago"
}

// span is a duration in its largest unit: `14 s`, `12 min`, `6 h`, `2 d`.
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

// number writes 12345 as 12,345.
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

// count is a number of things: `1 scope`, `3 scopes`.
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

// listing joins the first few words and counts the rest: `a, b and 4 more`.
func listing(words []string, most int) string {
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}

// enumWord is an enum value as people read it: VIRTUAL_MACHINE is
// `virtual machine`.
func enumWord(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", " "))
}

// capital is enumWord with a capital letter.
func capital(name string) string {
	word := enumWord(name)
	if word == "" {
		return word
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// boolWord is a bool as ARIA writes it.
func boolWord(b bool) string { return strconv.FormatBool(b) }

// addByCurl is how to add an account over REST.
func addByCurl(origin string) string {
	return "curl -X POST " + origin + "/v1/accounts -d '\n" +
		`{"displayName": "payments", "aws": {"accountId": "100000000001"}}'`
}
