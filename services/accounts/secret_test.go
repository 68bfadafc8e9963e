package accounts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

func TestSecret_NeverPrinted(t *testing.T) {
	const text = "hush-hush"
	secret := accounts.NewSecret(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{secret, &secret, struct{ Inner accounts.Secret }{secret}} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, text) || strings.Contains(got, fmt.Sprintf("%x", text)) {
				t.Errorf("%s of a %T prints the secret: %s", verb, value, got)
			}
		}
	}
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("event", "secret", secret, "inner", struct{ Inner accounts.Secret }{secret})
		if strings.Contains(b.String(), text) || !strings.Contains(b.String(), "(secret)") {
			t.Errorf("the %s log has the secret, or no placeholder: %s", name, b.String())
		}
	}
	encoded, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil || string(encoded) != `{"secret":"(secret)"}` {
		t.Errorf("JSON is %s, %v", encoded, err)
	}
	if secret.Reveal() != text {
		t.Errorf("Reveal() = %q", secret.Reveal())
	}
}

func TestSecret_Zero(t *testing.T) {
	for _, secret := range []accounts.Secret{{}, accounts.NewSecret("")} {
		if !secret.IsZero() || secret.Reveal() != "" {
			t.Errorf("the empty secret is not zero: %q", secret.Reveal())
		}
	}
	if accounts.NewSecret("x").IsZero() {
		t.Error("a secret is zero")
	}
}

func TestBinding_AssociatedData(t *testing.T) {
	a := accounts.Account{ID: "hub", Provider: cloud.AWS, CloudID: "100000000001"}
	const want = "rollcall account secret 1\n\"hub\"\n\"AWS\"\n\"100000000001\""
	if got := string(a.Binding().AssociatedData()); got != want {
		t.Errorf("the associated data changed, so that no stored secret can be decrypted: %q, want %q", got, want)
	}
}

func TestTakeAnySecret(t *testing.T) {
	account := func(method, key string) *accounts.Account {
		a := &accounts.Account{ID: "a", Provider: cloud.AWS, CloudID: "100000000001"}
		a.Credentials.Method = method
		a.Credentials.Set("access_key_id", key)
		return a
	}
	given := accounts.NewSecret("hush")
	for name, test := range map[string]struct {
		account, stored *accounts.Account
		given           accounts.Secret
		want            string
		field           string // of the fault
	}{
		"new with a secret":       {account: account("AWS_ACCESS_KEY", "A"), given: given, want: "hush"},
		"new without a secret":    {account: account("AWS_ACCESS_KEY", "A"), field: "account.aws.access_key.secret_access_key"},
		"same key keeps":          {account: account("AWS_ACCESS_KEY", "A"), stored: account("AWS_ACCESS_KEY", "A")},
		"other key needs one":     {account: account("AWS_ACCESS_KEY", "B"), stored: account("AWS_ACCESS_KEY", "A"), field: "account.aws.access_key.secret_access_key"},
		"other method needs one":  {account: account("AWS_ACCESS_KEY", "A"), stored: account("AWS_DEFAULT", ""), field: "account.aws.access_key.secret_access_key"},
		"method without a secret": {account: account("AWS_DEFAULT", ""), given: given},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := accounts.TakeAnySecret(test.account, test.given, test.stored, keyfile.Hosts{})
			if got.Reveal() != test.want {
				t.Errorf("took %q, want %q", got.Reveal(), test.want)
			}
			if wantField(err) != test.field {
				t.Errorf("fault on %q (%v), want %q", wantField(err), err, test.field)
			}
		})
	}
}

// wantField returns the field that a fault is about; "" if there is none.
func wantField(err error) string {
	if f, ok := err.(*fault.Error); ok && len(f.Violations) == 1 { //nolint:errorlint // the fault itself, not a cause
		return f.Violations[0].Field
	}
	return ""
}
