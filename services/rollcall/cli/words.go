package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// ago is how long before now a time was, in one unit: "12s ago". A time that is not set is "never".
func (s *session) ago(t *timestamppb.Timestamp) string {
	if t == nil {
		return "never"
	}
	return short(s.now().Sub(t.AsTime())) + " ago"
}

// stamp is a time to the second, in the user's time zone, with its age; empty when it is not set.
func (s *session) stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", t.AsTime().Local().Format("2006-01-02 15:04:05 MST"), s.ago(t))
}

// short is a duration in its largest whole unit. Clocks that differ can make it negative; that is no age.
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

// took is how long something took, to a tenth of a second; "" when it has not ended.
func took(start, end *timestamppb.Timestamp) string {
	if start == nil || end == nil {
		return ""
	}
	return end.AsTime().Sub(start.AsTime()).Round(100 * time.Millisecond).String()
}

// number is a count with its thousands set apart.
func number[N int | int32 | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// plural is a count and its noun: "1 scope", "3 scopes".
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

// resource is a resource name given with or without its collection.
func resource(collection, given string) string {
	return collection + id(collection, given)
}

// id is a resource name without its collection.
func id(collection, name string) string {
	return strings.TrimPrefix(name, collection)
}

// word is a kind as people write it: "virtual machine".
func word(enum string) string {
	return strings.ReplaceAll(strings.ToLower(enum), "_", " ")
}
