package cli

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

func TestClean_EscapesControlCharacters(t *testing.T) {
	for given, want := range map[string]string{
		"web-1":                      "web-1",
		"naïve 日本 🚀":                 "naïve 日本 🚀",
		"a\nb\tc":                    `a\nb\tc`,
		"\x1b[31mred\x1b[0m":         `\x1b[31mred\x1b[0m`,
		"\u202efdp.exe":              `\u202efdp.exe`,
		"bell\a, null\x00, c1\u009b": `bell\a, null\x00, c1\u009b`,
		`quote " and \ stay`:         `quote " and \ stay`,
	} {
		if got := clean(given); got != want {
			t.Errorf("clean(%q) = %q, want %q", given, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if got := clean(text); strings.IndexFunc(got, unicode.IsControl) >= 0 {
			t.Fatalf("clean(%q) = %q", text, got)
		}
	})
}

func TestAgo(t *testing.T) {
	s, _, _ := newTestSession(formatTable)
	for age, want := range map[time.Duration]string{
		-time.Minute: "0s ago", 0: "0s ago", 59 * time.Second: "59s ago", time.Minute: "1m ago", 119 * time.Minute: "1h ago",
		47 * time.Hour: "47h ago", 49 * time.Hour: "2d ago", 9000 * time.Hour: "375d ago",
	} {
		if got := s.ago(timestamppb.New(s.now().Add(-age))); got != want {
			t.Errorf("%s: %q, want %q", age, got, want)
		}
	}
	if got := s.ago(nil); got != "never" {
		t.Errorf("unset: %q", got)
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := humanize.Number(n); got != want {
			t.Errorf("humanize.Number(%d) = %q", n, got)
		}
	}
	if humanize.Count(1, "scope") != "1 scope" || humanize.Count(2, "scope") != "2 scopes" || outOf(200, 5000, "instance") != "200 of 5,000 instances" {
		t.Error("plural or outOf is wrong")
	}
}

func TestGuessBy(t *testing.T) {
	for value, want := range map[string]string{
		"i-0abc1234def567890": "provider-id", "i-12345678": "provider-id", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ": "provider-id",
		"arn:aws:ec2:eu-west-1:100000000001:instance/i-0abc": "provider-uri",
		"web-1": "display-name", "i-robot": "display-name", "db-main": "display-name", "i-": "display-name",
	} {
		if got := guessBy(value); got != want {
			t.Errorf("guessBy(%q) = %s, want %s", value, got, want)
		}
	}
}

func TestResource(t *testing.T) {
	for _, given := range []string{"aws-1", "accounts/aws-1"} {
		if got := resource(accountsCollection, given); got != "accounts/aws-1" {
			t.Errorf("%s: %s", given, got)
		}
	}
	for name, want := range map[string]string{
		"scopes/aws-1~virtual-machine~eu-west-1": "aws-1 virtual machine eu-west-1",
		"scopes/aws-1~unspecified~-":             "aws-1 (all kinds and locations)",
		"odd":                                    "odd",
	} {
		if got := scopeText(name); got != want {
			t.Errorf("scopeText(%q) = %q", name, got)
		}
	}
}
