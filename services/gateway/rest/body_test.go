package rest

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// TestWhatIsWrongIsSaidWithoutTheValue puts a secret wherever a body can go
// wrong.
func TestWhatIsWrongIsSaidWithoutTheValue(t *testing.T) {
	t.Parallel()
	const secret = "wJalrXUtnFEMI+K7MDENG"
	for _, c := range []struct{ body, says, field string }{
		{`{"aws": {"accessKey": "` + secret + `"}}`, "not of its field's type (line 1, column 23)", ""},
		{`{"aws": {"accessKey": {"secretAccessKey": ["` + secret + `"]}}}`, "secretAccessKey", "secretAccessKey"},
		{`{"aws": {"accessKey": {"` + secret + `": 1}}}`, "unknown field (line 1, column 24)", ""},
		{`{"aws": {"accessKey": {"secretKey": "` + secret + `"}}}`, `unknown field "secretKey"`, "secretKey"},
		{`{"paused": "` + secret + `"}`, `the value of "paused" is not of its type`, "paused"},
		{`{"paused": "unknown field \"` + secret + `\""}`, `the value of "paused" is not of its type`, "paused"},
		{`{"syncInterval": "` + secret + `"}`, "google.protobuf.Duration", ""},
		{`{"labels": {"` + secret + `": "a", "` + secret + `": "b"}}`, "a key of a map is given twice", ""},
		{`{"aws": {}, "gcp": {"projectId": "` + secret + `"}}`, `"gcp" can't be set beside another`, "gcp"},
		{`{"gcp": {"serviceAccountKey": {"json": {"private_key": "` + secret + `"}}}}`, `the value of "json" is not of its type`, "json"},
		{`{"displayName": "` + secret + "\xff" + `"}`, "not of its", ""},
	} {
		err := protojson.Unmarshal([]byte(c.body), &accountsv1.Account{})
		if err == nil {
			t.Errorf("%s: it can be read", c.body)
			continue
		}
		said := bodyFault(err)
		f, ok := errors.AsType[*fault.Error](said)
		if !ok || !strings.Contains(said.Error(), c.says) {
			t.Errorf("%s (%v): %v; want %q", c.body, err, said, c.says)
			continue
		}
		if c.field != "" && (len(f.Violations) != 1 || f.Violations[0].Field != c.field) {
			t.Errorf("%s: about %v; want %s", c.body, f.Violations, c.field)
		}
		if strings.Contains(said.Error(), secret) {
			t.Errorf("%s: the value is repeated: %v", c.body, said)
		}
	}
}
