package guide_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/guide"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew")

var awsRole = accounts.AWSAssumeRole{RoleARN: "arn:aws:iam::100000000001:role/team/rollcall", ExternalID: "rollcall-ABC234"}

// cases are accounts, and who Rollcall is.
var cases = map[string]struct {
	account, source *accounts.Account
	principal       string
	readOnly        bool
}{
	"aws-role":           {account: aws(awsRole)},
	"aws-role-read-only": {account: aws(awsRole), readOnly: true},
	"aws-role-principal": {account: aws(awsRole), principal: "arn:aws:iam::999999999999:role/rollcall"},
	"aws-role-chained": {
		account: aws(accounts.AWSAssumeRole{
			RoleARN: "arn:aws-cn:iam::100000000001:role/rollcall", ExternalID: "x1", Source: "hub", SessionTags: map[string]string{"team": "data"},
		}),
		source: &accounts.Account{ID: "hub", Provider: accounts.AWS, CloudID: "100000000009", Credentials: accounts.AWSAccessKey{AccessKeyID: "AKIA"}},
	},
	"aws-role-without-external-id": {account: aws(accounts.AWSAssumeRole{RoleARN: "arn:aws:iam::100000000001:role/rollcall"})},
	"aws-user":                     {account: aws(accounts.AWSAccessKey{AccessKeyID: "AKIAIOSFODNN7EXAMPLE"})},
	"aws-default":                  {account: aws(accounts.AWSDefault{})},
	"gcp-default":                  {account: gcp(accounts.GCPApplicationDefault{})},
	"gcp-default-principal":        {account: gcp(accounts.GCPApplicationDefault{}), principal: "rollcall@hub-project.iam.gserviceaccount.com"},
	"gcp-key":                      {account: gcp(accounts.GCPServiceAccountKey{ClientEmail: "rollcall@my-project.iam.gserviceaccount.com"})},
	"gcp-key-read-only": {
		account: gcp(accounts.GCPServiceAccountKey{ClientEmail: "rollcall@my-project.iam.gserviceaccount.com"}), readOnly: true,
	},
	"gcp-impersonation": {account: gcp(accounts.GCPImpersonation{ServiceAccount: "reader@my-project.iam.gserviceaccount.com"})},
	"gcp-impersonation-principal": {
		account:   gcp(accounts.GCPImpersonation{ServiceAccount: "reader@other-project.iam.gserviceaccount.com"}),
		principal: "rollcall@hub-project.iam.gserviceaccount.com",
	},
	"gcp-federation": {account: gcp(accounts.GCPWorkloadIdentity{Audience: audience})},
	"gcp-federation-service-account": {account: gcp(accounts.GCPWorkloadIdentity{
		Audience: audience, ServiceAccount: "rollcall@my-project.iam.gserviceaccount.com",
	})},
}

const audience = "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/providers/aws"

func aws(c accounts.Credentials) *accounts.Account {
	return &accounts.Account{ID: "a", Provider: accounts.AWS, CloudID: "100000000001", Credentials: c}
}

func gcp(c accounts.Credentials) *accounts.Account {
	return &accounts.Account{ID: "g", Provider: accounts.GCP, CloudID: "my-project", Credentials: c}
}

// suffix is that of a golden file, by tool.
var suffix = map[string]string{"aws-cli": ".sh", "gcloud": ".sh", "cloudformation": ".yaml", "terraform": ".tf"}

func TestSnippets(t *testing.T) {
	t.Parallel()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := guide.For(c.account, c.source, guide.Choice{Principal: c.principal, ReadOnly: c.readOnly})
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
		t.Errorf("%s differs (%v); look at it, and write it with -update:\n%s", path, err, got)
	}
}

// checkShell has the shell read a script, and run nothing of it.
func checkShell(t *testing.T, script string) {
	t.Helper()
	shell := exec.Command("sh", "-n")
	shell.Stdin = strings.NewReader(script)
	if out, err := shell.CombinedOutput(); err != nil {
		t.Errorf("the shell can't read it: %v\n%s\n%s", err, out, script)
	}
}

// TestNothingIsRun gives a role the name of a command. The contract lets any
// plain character stand in an ARN; the snippets must not run what stands there.
func TestNothingIsRun(t *testing.T) {
	t.Parallel()
	const name = `$(touch${IFS}x)` + "`id`" + `';"%{if}${x}\`
	g, err := guide.For(aws(accounts.AWSAssumeRole{RoleARN: "arn:aws:iam::100000000001:role/" + name, ExternalID: "id"}), nil, guide.Choice{Principal: "arn:aws:iam::999999999999:root"})
	if err != nil {
		t.Fatal(err)
	}
	// A shell in which aws is a function that tells its arguments.
	script := "aws() { for a in \"$@\"; do printf '<%s>\\n' \"$a\"; done; }\n" + g.Snippets[0].Text
	shell := exec.Command("sh")
	shell.Stdin = strings.NewReader(script)
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "<"+name+">") {
		t.Errorf("%v\n%s", err, out)
	}
	if tf := g.Snippets[2].Text; strings.Contains(strings.ReplaceAll(tf, "$${", ""), "${") || strings.Contains(strings.ReplaceAll(tf, "%%{", ""), "%{") {
		t.Errorf("Terraform would fill in:\n%s", tf)
	}
}

// TestTrustPolicyIsJSON runs the role's script up to the trust policy.
func TestTrustPolicyIsJSON(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws-role-principal", "aws-role-chained"} {
		c := cases[name]
		g, err := guide.For(c.account, c.source, guide.Choice{Principal: c.principal, ReadOnly: c.readOnly})
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
