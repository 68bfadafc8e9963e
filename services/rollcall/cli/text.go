package cli

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// ago returns the time since t in one unit: "12s ago", or "never" if it is not set.
func (s *session) ago(t *timestamppb.Timestamp) string {
	if t == nil {
		return "never"
	}
	return humanize.Short(s.now().Sub(t.AsTime())) + " ago"
}

// stamp returns a time to the second in the local time zone with its age, or "" if it is not set.
func (s *session) stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", t.AsTime().Local().Format("2006-01-02 15:04:05 MST"), s.ago(t))
}

// took returns a duration to a tenth of a second, or "" if it has not ended.
func took(start, end *timestamppb.Timestamp) string {
	if start == nil || end == nil {
		return ""
	}
	return end.AsTime().Sub(start.AsTime()).Round(100 * time.Millisecond).String()
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
