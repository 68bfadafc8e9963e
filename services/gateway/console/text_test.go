package console

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

func TestRelativeTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 21, 53, 49, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		-time.Minute: "just now", 0: "just now", time.Second: "just now", 14 * time.Second: "14 s ago",
		119 * time.Second: "119 s ago", 2 * time.Minute: "2 min ago", 119 * time.Minute: "119 min ago",
		2 * time.Hour: "2 h ago", 47 * time.Hour: "47 h ago", 48 * time.Hour: "2 d ago", 400 * 24 * time.Hour: "400 d ago",
	} {
		m := relativeTime(timestamppb.New(now.Add(-d)), now)
		if m.Text != want {
			t.Errorf("%v is %q, want %q", d, m.Text, want)
		}
	}
	m := relativeTime(timestamppb.New(now.Add(-14*time.Second)), now)
	if m.Exact != "2026-11-23 21:53:35 UTC" || m.Machine != "2026-11-23T21:53:35Z" {
		t.Errorf("got %+v", m)
	}
	if !relativeTime(nil, now).IsZero() {
		t.Error("an unset time is not zero")
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := humanize.Number(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	if got := humanize.List([]string{"a", "b", "c"}, 2); got != "a, b and 1 more" {
		t.Error(got)
	}
}
