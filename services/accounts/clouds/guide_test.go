package clouds_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/clouds"
	"github.com/rollcall-dev/rollcall/services/accounts/guide"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	awsdata "github.com/rollcall-dev/rollcall/services/internal/cloud/aws"
	gcpdata "github.com/rollcall-dev/rollcall/services/internal/cloud/gcp"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

var awsRole = role("arn:aws:iam::100000000001:role/team/rollcall", "rollcall-ABC234")

// cases has an account and the identity of Rollcall for each golden file.
var cases = map[string]struct {
	account, source *accounts.Account
	principal       string
	readOnly        bool
}{
	"aws-role":           {account: aws(awsRole)},
	"aws-role-read-only": {account: aws(awsRole), readOnly: true},
	"aws-role-principal": {account: aws(awsRole), principal: "arn:aws:iam::999999999999:role/rollcall"},
	"aws-role-chained": {
		account: aws(accounts.Credentials{
			Method: awsdata.AssumeRole, Source: "hub", Tags: map[string]string{"team": "data"},
			Settings: map[string]string{"role_arn": "arn:aws-cn:iam::100000000001:role/rollcall", "external_id": "x1"},
		}),
		source: &accounts.Account{ID: "hub", Provider: cloud.AWS, CloudID: "100000000009", Credentials: key("AKIA")},
	},
	"aws-role-without-external-id": {account: aws(role("arn:aws:iam::100000000001:role/rollcall", ""))},
	"aws-user":                     {account: aws(key("AKIAIOSFODNN7EXAMPLE"))},
	"aws-default":                  {account: aws(accounts.Credentials{Method: awsdata.Default})},
	"gcp-default":                  {account: gcp(gcpMethod(gcpdata.ApplicationDefault, nil))},
	"gcp-default-principal":        {account: gcp(gcpMethod(gcpdata.ApplicationDefault, nil)), principal: "rollcall@hub-project.iam.gserviceaccount.com"},
	"gcp-key":                      {account: gcp(gcpMethod(gcpdata.ServiceAccountKey, settings{"client_email": "rollcall@my-project.iam.gserviceaccount.com"}))},
	"gcp-key-read-only": {
		account: gcp(gcpMethod(gcpdata.ServiceAccountKey, settings{"client_email": "rollcall@my-project.iam.gserviceaccount.com"})), readOnly: true,
	},
	"gcp-impersonation": {account: gcp(gcpMethod(gcpdata.Impersonation, settings{"service_account": "reader@my-project.iam.gserviceaccount.com"}))},
	"gcp-impersonation-principal": {
		account:   gcp(gcpMethod(gcpdata.Impersonation, settings{"service_account": "reader@other-project.iam.gserviceaccount.com"})),
		principal: "rollcall@hub-project.iam.gserviceaccount.com",
	},
	"gcp-federation": {account: gcp(gcpMethod(gcpdata.WorkloadIdentity, settings{"audience": audience}))},
	"gcp-federation-service-account": {account: gcp(gcpMethod(gcpdata.WorkloadIdentity, settings{
		"audience": audience, "service_account": "rollcall@my-project.iam.gserviceaccount.com",
	}))},
}

const audience = "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/providers/aws"

type settings = map[string]string

func role(arn, externalID string) accounts.Credentials {
	c := accounts.Credentials{Method: awsdata.AssumeRole}
	c.Set("role_arn", arn)
	c.Set("external_id", externalID)
	return c
}

func key(id string) accounts.Credentials {
	return accounts.Credentials{Method: awsdata.AccessKey, Settings: settings{"access_key_id": id}}
}

func gcpMethod(name string, s settings) accounts.Credentials {
	return accounts.Credentials{Method: name, Settings: s}
}

func aws(c accounts.Credentials) *accounts.Account {
	return &accounts.Account{ID: "a", Provider: cloud.AWS, CloudID: "100000000001", Credentials: c}
}

func gcp(c accounts.Credentials) *accounts.Account {
	return &accounts.Account{ID: "g", Provider: cloud.GCP, CloudID: "my-project", Credentials: c}
}

// suffix is the end of the name of a golden file, by tool.
var suffix = map[string]string{"aws-cli": ".sh", "gcloud": ".sh", "cloudformation": ".yaml", "terraform": ".tf"}

func TestGuide_Snippets(t *testing.T) {
	t.Parallel()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := clouds.Guide(c.account, c.source, guide.Choice{Principal: c.principal, ReadOnly: c.readOnly})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".policy.json", g.Policy)
			if !json.Valid([]byte(g.Policy)) {
				t.Error("the policy is no JSON")
			}
			for _, s := range g.Snippets {
				golden(t, name+suffix[s.Tool], s.Text)
				if s.Title == "" {
					t.Errorf("%s has no title", s.Tool)
				}
				if suffix[s.Tool] == ".sh" {
					checkShell(t, s.Text)
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (%v); check the difference, and write it with -update:\n%s", path, err, got)
	}
}

// checkShell makes the shell parse a script without running it.
func checkShell(t *testing.T, script string) {
	t.Helper()
	shell := exec.Command("sh", "-n")
	shell.Stdin = strings.NewReader(script)
	if out, err := shell.CombinedOutput(); err != nil {
		t.Errorf("the shell can't parse it: %v\n%s\n%s", err, out, script)
	}
}

// TestGuide_QuotesNames uses a role whose name is a command. The contract allows every printable
// character in an ARN; the snippets must not run it.
func TestGuide_QuotesNames(t *testing.T) {
	t.Parallel()
	const name = `$(touch${IFS}x)` + "`id`" + `';"%{if}${x}\`
	g, err := clouds.Guide(aws(role("arn:aws:iam::100000000001:role/"+name, "id")), nil, guide.Choice{Principal: "arn:aws:iam::999999999999:root"})
	if err != nil {
		t.Fatal(err)
	}
	// A shell in which aws is a function that prints its arguments.
	script := "aws() { for a in \"$@\"; do printf '<%s>\\n' \"$a\"; done; }\n" + g.Snippets[0].Text
	shell := exec.Command("sh")
	shell.Stdin = strings.NewReader(script)
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "<"+name+">") {
		t.Errorf("%v\n%s", err, out)
	}
	if tf := g.Snippets[2].Text; strings.Contains(strings.ReplaceAll(tf, "$${", ""), "${") || strings.Contains(strings.ReplaceAll(tf, "%%{", ""), "%{") {
		t.Errorf("Terraform would interpolate:\n%s", tf)
	}
}

// TestGuide_TrustPolicyIsJSON runs the script of a role and reads the trust policy that it sends.
func TestGuide_TrustPolicyIsJSON(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws-role-principal", "aws-role-chained"} {
		c := cases[name]
		g, err := clouds.Guide(c.account, c.source, guide.Choice{Principal: c.principal, ReadOnly: c.readOnly})
		if err != nil {
			t.Fatal(err)
		}
		script := "aws() { while [ $# -gt 0 ]; do [ \"$1\" = --assume-role-policy-document ] && printf '%s' \"$2\"; shift; done; return 0; }\n" + g.Snippets[0].Text
		shell := exec.Command("sh")
		shell.Stdin = strings.NewReader(script)
		out, err := shell.CombinedOutput()
		var trust struct {
			Statement []struct {
				Principal map[string]string
				Condition map[string]map[string]string
			}
		}
		if err != nil || json.Unmarshal(out, &trust) != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		if s := trust.Statement[0]; s.Principal["AWS"] == "" || s.Condition["StringEquals"]["sts:ExternalId"] != g.ExternalID {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
