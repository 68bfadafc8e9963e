package rest

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// TestBodyFault_OmitsValues puts a secret into every place in which a body can be invalid.
func TestBodyFault_OmitsValues(t *testing.T) {
	t.Parallel()
	const secret = "wJalrXUtnFEMI+K7MDENG"
	for _, c := range []struct{ body, want, field string }{
		{`{"aws": {"accessKey": "` + secret + `"}}`, "a value has the wrong type (line 1, column 23)", ""},
		{`{"aws": {"accessKey": {"secretAccessKey": ["` + secret + `"]}}}`, "secretAccessKey", "secretAccessKey"},
		{`{"aws": {"accessKey": {"` + secret + `": 1}}}`, "unknown field (line 1, column 24)", ""},
		{`{"aws": {"accessKey": {"secretKey": "` + secret + `"}}}`, `unknown field "secretKey"`, "secretKey"},
		{`{"paused": "` + secret + `"}`, `the value of "paused" has the wrong type`, "paused"},
		{`{"paused": "unknown field \"` + secret + `\""}`, `the value of "paused" has the wrong type`, "paused"},
		{`{"syncInterval": "` + secret + `"}`, "google.protobuf.Duration", ""},
		{`{"labels": {"` + secret + `": "a", "` + secret + `": "b"}}`, "a map key appears twice", ""},
		{`{"aws": {}, "gcp": {"projectId": "` + secret + `"}}`, `"gcp" can't be set together with another`, "gcp"},
		{`{"gcp": {"serviceAccountKey": {"json": {"private_key": "` + secret + `"}}}}`, `the value of "json" has the wrong type`, "json"},
		{`{"displayName": "` + secret + "\xff" + `"}`, "wrong type", ""},
	} {
		err := protojson.Unmarshal([]byte(c.body), &accountsv1.Account{})
		if err == nil {
			t.Errorf("%s is valid", c.body)
			continue
		}
		got := bodyFault(err)
		f, ok := errors.AsType[*fault.Error](got)
		if !ok || !strings.Contains(got.Error(), c.want) {
			t.Errorf("%s (%v): %v; want %q", c.body, err, got, c.want)
			continue
		}
		if c.field != "" && (len(f.Violations) != 1 || f.Violations[0].Field != c.field) {
			t.Errorf("%s: violations %v; want one of %s", c.body, f.Violations, c.field)
		}
		if strings.Contains(got.Error(), secret) {
			t.Errorf("%s: the error contains the value: %v", c.body, got)
		}
	}
}
