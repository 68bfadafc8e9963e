// Package humanize formats durations and numbers for people. The console and the
// command line use it, so that both show the same value in the same way.
package humanize

import (
	"strconv"
	"strings"
	"time"
)

// unit is a unit of a duration, with the smallest duration that each form uses it for.
type unit struct {
	size            time.Duration
	long, short     string
	longAt, shortAt time.Duration
}

// units lists the units larger than a second, the largest first. The long form uses a
// unit from two of it onwards, so that at most half of the value is rounded away. The
// short form, for narrow columns, uses minutes and hours from one onwards.
var units = []unit{
	{24 * time.Hour, " d", "d", 48 * time.Hour, 48 * time.Hour},
	{time.Hour, " h", "h", 2 * time.Hour, time.Hour},
	{time.Minute, " min", "m", 2 * time.Minute, time.Minute},
}

// Duration returns a duration in its largest suitable unit, rounded down: `14 s`,
// `12 min`, `6 h`, `2 d`. A negative duration, which clocks that differ produce,
// is `0 s`.
func Duration(d time.Duration) string {
	for _, u := range units {
		if d >= u.longAt {
			return in(u.size, d) + u.long
		}
	}
	return in(time.Second, d) + " s"
}

// Short returns a duration in its largest unit, rounded down, in the form that suits a
// table of a terminal: `14s`, `12m`, `6h`, `2d`.
func Short(d time.Duration) string {
	for _, u := range units {
		if d >= u.shortAt {
			return in(u.size, d) + u.short
		}
	}
	return in(time.Second, d) + "s"
}

// in returns how many whole units a duration has.
func in(unit, d time.Duration) string { return strconv.FormatInt(int64(max(d, 0)/unit), 10) }

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
