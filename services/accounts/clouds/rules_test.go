package clouds_test

import (
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/clouds"
	"github.com/rollcall-dev/rollcall/services/accounts/guide"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

func TestGuide_EveryCloudHasOne(t *testing.T) {
	for _, d := range registry.All() {
		account := &accounts.Account{Provider: d.Provider, CloudID: d.Account.IDExample}
		account.Complete()
		if g, err := clouds.Guide(account, nil, guide.Choice{}); err != nil || len(g.Snippets) == 0 {
			t.Errorf("%s: %v, %v", d.Provider, g, err)
		}
	}
	if _, err := clouds.Guide(&accounts.Account{Provider: "OTHER"}, nil, guide.Choice{}); fault.KindOf(err) != fault.KindUnimplemented {
		t.Errorf("a cloud without a guide: %v", err)
	}
}

func TestApply_RoleOfAnotherAccount(t *testing.T) {
	_, err := clouds.Apply(aws(role("arn:aws:iam::999999999999:role/x", "")), accounts.Secret{}, nil, keyfile.Hosts{})
	if fault.KindOf(err) != fault.KindInvalidArgument || !strings.Contains(err.Error(), "account.aws.assume_role.role_arn") {
		t.Errorf("the role of another account was accepted: %v", err)
	}
}

func TestApply_ExternalID(t *testing.T) {
	const arn, other = "arn:aws:iam::100000000001:role/rollcall", "arn:aws:iam::100000000001:role/other"
	for name, test := range map[string]struct {
		account, stored *accounts.Account
		want            string // "": a new one
	}{
		"given":                    {account: aws(role(arn, "mine")), stored: aws(role(arn, "before")), want: "mine"},
		"new account":              {account: aws(role(arn, ""))},
		"stored one stays":         {account: aws(role(arn, "")), stored: aws(role(arn, "before")), want: "before"},
		"stays for another role":   {account: aws(role(other, "")), stored: aws(role(arn, "before")), want: "before"},
		"none stays none":          {account: aws(role(arn, "")), stored: aws(role(arn, "")), want: "none"},
		"another role without one": {account: aws(role(other, "")), stored: aws(role(arn, ""))},
		"another method before":    {account: aws(role(arn, "")), stored: aws(key("AKIA"))},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := clouds.Apply(test.account, accounts.Secret{}, test.stored, keyfile.Hosts{}); err != nil {
				t.Fatal(err)
			}
			switch got := test.account.Credentials.Settings["external_id"]; test.want {
			case "":
				if !strings.HasPrefix(got, "rollcall-") || len(got) < 30 {
					t.Errorf("external id %q, want a new one", got)
				}
			case "none":
				if got != "" {
					t.Errorf("external id %q, want none", got)
				}
			default:
				if got != test.want {
					t.Errorf("external id %q, want %q", got, test.want)
				}
			}
		})
	}
}

func TestApply_KeyFile(t *testing.T) {
	for _, method := range []string{"GCP_SERVICE_ACCOUNT_KEY", "GCP_WORKLOAD_IDENTITY"} {
		account := gcp(gcpMethod(method, nil))
		if _, err := clouds.Apply(account, accounts.Secret{}, nil, keyfile.Hosts{}); fault.KindOf(err) != fault.KindInvalidArgument {
			t.Errorf("%s without a file: %v", method, err)
		}
		if _, err := clouds.Apply(account, accounts.NewSecret("{}"), nil, keyfile.Hosts{}); fault.KindOf(err) != fault.KindInvalidArgument {
			t.Errorf("%s with another file: %v", method, err)
		}
		stored := gcp(gcpMethod(method, settings{"client_email": "a@b"}))
		if secret, err := clouds.Apply(account, accounts.Secret{}, stored, keyfile.Hosts{}); err != nil || !secret.IsZero() ||
			!account.Credentials.Equal(stored.Credentials) {
			t.Errorf("%s does not keep the stored file: %v, %v", method, account.Credentials, err)
		}
	}
}
