// Package humanize formats durations and numbers for people. The console and the
// command line use it, so that both show the same value in the same way.
package humanize

import (
	"strconv"
	"strings"
	"time"
)

// units lists the units of a duration, the largest first. A unit is used from
// two of it onwards, so that at most half of the value is rounded away.
var units = []struct {
	size        time.Duration
	name, short string
}{
	{24 * time.Hour, " d", "d"},
	{time.Hour, " h", "h"},
	{time.Minute, " min", "m"},
}

// Duration returns a duration in its largest suitable unit, rounded down: `14 s`,
// `12 min`, `6 h`, `2 d`. A negative duration, which clocks that differ produce,
// is `0 s`.
func Duration(d time.Duration) string {
	for _, u := range units {
		if d >= 2*u.size {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(max(d, 0)/time.Second), 10) + " s"
}

// Short returns a duration as Duration does, in the form that suits a table of a
// terminal: `14s`, `12m`, `6h`, `2d`.
func Short(d time.Duration) string {
	for _, u := range units {
		if d >= 2*u.size {
			return strconv.FormatInt(int64(d/u.size), 10) + u.short
		}
	}
	return strconv.FormatInt(int64(max(d, 0)/time.Second), 10) + "s"
}

// Ago returns the text for a time that was d before now: `12 min ago`, or `just
// now` for less than two seconds.
func Ago(d time.Duration) string {
	if d < 2*time.Second {
		return "just now"
	}
	return Duration(d) + " ago"
}

// Integer is a number that can be counted with.
type Integer interface{ ~int | ~int32 | ~int64 }

// Number returns a number with thousands separators: `12,345`.
func Number[N Integer](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Count returns a number with its noun: `1 scope`, `3 scopes`.
func Count[N Integer](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// List joins the first texts and counts the rest: `a, b and 4 more`.
func List(texts []string, limit int) string {
	if len(texts) <= limit {
		return strings.Join(texts, ", ")
	}
	return strings.Join(texts[:limit], ", ") + " and " + Number(len(texts)-limit) + " more"
}
