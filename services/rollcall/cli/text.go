package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// ago returns the time since t in one unit: "12s ago", or "never" if it is not set.
func (s *session) ago(t *timestamppb.Timestamp) string {
	if t == nil {
		return "never"
	}
	return short(s.now().Sub(t.AsTime())) + " ago"
}

// stamp returns a time to the second in the local time zone with its age, or "" if it is not set.
func (s *session) stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", t.AsTime().Local().Format("2006-01-02 15:04:05 MST"), s.ago(t))
}

// short returns a duration in its largest whole unit. Negative durations, which clock differences
// can cause, are "0s".
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}

// took returns a duration to a tenth of a second, or "" if it has not ended.
func took(start, end *timestamppb.Timestamp) string {
	if start == nil || end == nil {
		return ""
	}
	return end.AsTime().Sub(start.AsTime()).Round(100 * time.Millisecond).String()
}

// number returns a number with thousands separators.
func number[N int | int32 | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// plural returns a number with its noun: "1 scope", "3 scopes".
func plural[N int | int32 | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// The collections of resource names.
const (
	accountsCollection  = "accounts/"
	instancesCollection = "instances/"
	runsCollection      = "syncRuns/"
	scopesCollection    = "scopes/"

	operationsCollection = "operations/"
)

// resource returns the resource name for a name given with or without its collection.
func resource(collection, given string) string {
	return collection + id(collection, given)
}

// id returns a resource name without its collection.
func id(collection, name string) string {
	return strings.TrimPrefix(name, collection)
}

// enumText returns the name of an enum value for people: "virtual machine".
func enumText(enum string) string {
	return strings.ReplaceAll(strings.ToLower(enum), "_", " ")
}
