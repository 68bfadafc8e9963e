package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// asOf is the flag that reads the inventory as of a past time.
type asOf struct {
	AsOf pastTime `help:"Read the inventory as of a past time, such as 2026-03-01T12:00:00Z or '2026-03-01 14:00', or as of some time ago, such as 2h or 3d." placeholder:"TIME"`
}

// at returns the time for a request, or nil if the flag is not set.
func (a asOf) at() *timestamppb.Timestamp {
	if a.AsOf.IsZero() {
		return nil
	}
	return timestamppb.New(a.AsOf.Time)
}

// pastTime is a time in RFC 3339 format, a date with or without the time of day in the local time
// zone, or a duration before now.
type pastTime struct{ time.Time }

var days = regexp.MustCompile(`^([0-9]{1,5})d$`)

// UnmarshalText parses a time, for kong.
func (t *pastTime) UnmarshalText(text []byte) error {
	written := string(text)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, written, time.Local); err == nil {
			t.Time = at
			return nil
		}
	}
	if match := days.FindStringSubmatch(written); match != nil {
		n, err := strconv.Atoi(match[1])
		if err != nil {
			return err
		}
		t.Time = time.Now().AddDate(0, 0, -n)
		return nil
	}
	ago, err := time.ParseDuration(written)
	if err != nil || ago < 0 {
		return fmt.Errorf("%q is not a time; give one such as 2026-03-01T12:00:00Z or '2026-03-01 14:00', or a duration before now, such as 2h or 3d", written)
	}
	t.Time = time.Now().Add(-ago)
	return nil
}
