package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// asOf is the flag that asks for the roll as it stood at a past time.
type asOf struct {
	AsOf pastTime `help:"As the roll stood then: a time such as 2026-03-01T12:00:00Z or '2026-03-01 14:00', or how long ago, such as 2h or 3d." placeholder:"TIME"`
}

// at is the time for a request; nil when there is none.
func (a asOf) at() *timestamppb.Timestamp {
	if a.AsOf.IsZero() {
		return nil
	}
	return timestamppb.New(a.AsOf.Time)
}

// pastTime is a time as people write one: RFC 3339, a date with or without the time of day in their time zone, or how
// long ago.
type pastTime struct{ time.Time }

var days = regexp.MustCompile(`^([0-9]{1,5})d$`)

// UnmarshalText reads a time, for kong.
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
		return fmt.Errorf("%q is no time: give one such as 2026-03-01T12:00:00Z or '2026-03-01 14:00', or how long ago, such as 2h or 3d", written)
	}
	t.Time = time.Now().Add(-ago)
	return nil
}
