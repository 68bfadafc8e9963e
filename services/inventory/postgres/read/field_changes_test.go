package read

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// TestFieldChanges_Times expects times as protobuf's JSON form writes them, with any number of digits.
func TestFieldChanges_Times(t *testing.T) {
	for _, nanos := range []int{0, 396_560_000, 396_000_000, 100_000_000, 1_000, 999_999_000} {
		at := time.Date(2026, 11, 25, 13, 39, 34, nanos, time.UTC)
		text, err := protojson.Marshal(timestamppb.New(at))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Trim(string(text), `"`)
		stored, err := json.Marshal(map[string]any{
			"gone_time": at.In(time.FixedZone("", 3600)),
			"details":   map[string]any{"virtualMachine": map[string]any{"startTime": at}},
		})
		if err != nil {
			t.Fatal(err)
		}
		fields, err := FieldChanges([]byte(`{}`), stored)
		if err != nil || len(fields) != 2 {
			t.Fatalf("%v, %v", fields, err)
		}
		for _, field := range fields {
			if field.To != want {
				t.Errorf("%s is %v, want %s", field.Field, field.To, want)
			}
		}
	}
}
