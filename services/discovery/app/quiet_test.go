package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestQuiet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := quiet(slog.New(slog.NewTextHandler(&out, nil))).With("by", "river").WithGroup("job")
	logger.Info("every day")
	logger.Error("stopping", "error", "context canceled")
	logger.Warn("of interest")
	logger.Error("broken", "error", "no disk")
	got := out.String()
	for text, want := range map[string]bool{"every day": false, "stopping": false, "of interest": true, "broken": true} {
		if strings.Contains(got, text) != want {
			t.Errorf("logged %q: %t, want %t", text, !want, want)
		}
	}
}
