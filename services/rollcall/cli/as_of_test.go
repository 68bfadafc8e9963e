package cli

import (
	"testing"
	"time"
)

func TestPastTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-03-01T12:00:00Z":      time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		"2026-03-01T12:00:00+02:00": time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
		"2026-03-01 14:05":          time.Date(2026, 3, 1, 14, 5, 0, 0, time.Local),
		"2026-03-01 14:05:06":       time.Date(2026, 3, 1, 14, 5, 6, 0, time.Local),
		"2026-03-01":                time.Date(2026, 3, 1, 0, 0, 0, 0, time.Local),
	} {
		var got pastTime
		if err := got.UnmarshalText([]byte(text)); err != nil || !got.Equal(want) {
			t.Errorf("%s is %s, want %s: %v", text, got, want, err)
		}
	}
	for text, want := range map[string]time.Duration{"2h": 2 * time.Hour, "90m": 90 * time.Minute, "0s": 0} {
		var got pastTime
		before := time.Now().Add(-want)
		if err := got.UnmarshalText([]byte(text)); err != nil || got.Before(before) || got.After(time.Now().Add(-want)) {
			t.Errorf("%s is %s, want %s before now: %v", text, got, want, err)
		}
	}
	var days pastTime
	if err := days.UnmarshalText([]byte("3d")); err != nil || days.Format(time.DateOnly) != time.Now().AddDate(0, 0, -3).Format(time.DateOnly) {
		t.Errorf("3d is %s: %v", days, err)
	}
	for _, text := range []string{"yesterday", "-2h", "", "12:00", "2026-13-01"} {
		var got pastTime
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %s, want an error", text, got)
		}
	}
}
