package humanize_test

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration][3]string{
		-time.Minute:                    {"0 s", "0s", "just now"},
		999 * time.Millisecond:          {"0 s", "0s", "just now"},
		2*time.Second - 1:               {"1 s", "1s", "just now"},
		2 * time.Second:                 {"2 s", "2s", "2 s ago"},
		time.Minute - time.Second:       {"59 s", "59s", "59 s ago"},
		time.Minute:                     {"60 s", "1m", "60 s ago"},
		time.Hour - time.Second:         {"59 min", "59m", "59 min ago"},
		time.Hour:                       {"60 min", "1h", "60 min ago"},
		2*time.Minute - time.Second:     {"119 s", "1m", "119 s ago"},
		2 * time.Minute:                 {"2 min", "2m", "2 min ago"},
		2*time.Hour - time.Second:       {"119 min", "1h", "119 min ago"},
		2 * time.Hour:                   {"2 h", "2h", "2 h ago"},
		48*time.Hour - time.Second:      {"47 h", "47h", "47 h ago"},
		48 * time.Hour:                  {"2 d", "2d", "2 d ago"},
		72*time.Hour - time.Millisecond: {"2 d", "2d", "2 d ago"},
	} {
		got := [3]string{humanize.Duration(d), humanize.Short(d), humanize.Ago(d)}
		if got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 123456: "123,456", 1234567: "1,234,567",
	} {
		if got := humanize.Number(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int32]string{0: "0 scopes", 1: "1 scope", 2: "2 scopes", 1234: "1,234 scopes"} {
		if got := humanize.Count(n, "scope"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestList(t *testing.T) {
	texts := []string{"a", "b", "c"}
	for limit, want := range map[int]string{1: "a and 2 more", 2: "a, b and 1 more", 3: "a, b, c", 4: "a, b, c"} {
		if got := humanize.List(texts, limit); got != want {
			t.Errorf("limit %d: got %s, want %s", limit, got, want)
		}
	}
}
