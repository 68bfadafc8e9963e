package e2e

import (
	"maps"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func TestUp_EnvironmentCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	demo := up(t, dir, nil)
	connected(t, demo.http, demoAccounts)
	demo.stop(t)

	// With credentials, the demo's accounts are deleted.
	world := newWorld(t)
	r := up(t, dir, world.env())
	output := r.output.String()
	for _, text := range []string{"Deleting the 7 accounts of the demo", "AWS account " + world.account + ", read as arn:aws:iam::"} {
		if !strings.Contains(output, text) {
			t.Errorf("the output lacks %q:\n%s", text, output)
		}
	}
	if all := connected(t, r.http, 1); all[0].Name != "accounts/aws-"+world.account || all[0].Labels["rollcall-demo"] != "" {
		t.Errorf("accounts: %+v", all)
	}
	r.stop(t)

	// Without credentials again, the user's account prevents the demo.
	without := up(t, dir, nil)
	if output := without.output.String(); strings.Contains(output, "simulated") || !strings.Contains(output, "there are no credentials of a cloud") {
		t.Errorf("output:\n%s", output)
	}
	if all, err := accounts(t.Context(), without.http); err != nil || len(all) != 1 {
		t.Errorf("accounts: %+v, %v", all, err)
	}
	without.stop(t)
}

// TestUp_EnvironmentCredentialsOfBothClouds has credentials of a project in the environment, and
// then also of an AWS account.
func TestUp_EnvironmentCredentialsOfBothClouds(t *testing.T) {
	t.Parallel()
	v := newSecrets(t)
	delete(v.env, "ROLLCALL_DEMO")
	delete(v.env, "ROLLCALL_LOG_LEVEL")
	v.env["GOOGLE_APPLICATION_CREDENTIALS"] = v.keyFile
	dir := t.TempDir()
	google := up(t, dir, v.env)
	if output := google.output.String(); !strings.Contains(output, "Google Cloud project first-project, read as rollcall@first-project.iam.gserviceaccount.com") {
		t.Errorf("output:\n%s", output)
	}
	if all := connected(t, google.http, 1); all[0].Name != "accounts/gcp-first-project" || all[0].Labels["rollcall-demo"] != "" {
		t.Errorf("accounts: %+v", all)
	}
	if n := len(mustInstances(t, google.http, "provider = GCP")); n != 7 {
		t.Errorf("%d instances of the project, want two in each of three zones, and a database", n)
	}
	google.stop(t)

	v.env["AWS_ACCESS_KEY_ID"], v.env["AWS_SECRET_ACCESS_KEY"] = v.accessKeyID, v.needles["the access key's secret"]
	both := up(t, dir, v.env)
	if output := both.output.String(); !strings.Contains(output, "AWS account 200000000001, read as ") || !strings.Contains(output, "; Google Cloud project first-project") {
		t.Errorf("output:\n%s", output)
	}
	if all := connected(t, both.http, 2); all[0].Name != "accounts/aws-200000000001" || all[1].Name != "accounts/gcp-first-project" {
		t.Errorf("accounts: %+v", all)
	}
	both.stop(t)

	// Refused credentials of one cloud don't affect the other.
	v.env["GOOGLE_APPLICATION_CREDENTIALS"] = v.secretFile
	half := up(t, t.TempDir(), v.env)
	if output := half.output.String(); !strings.Contains(output, "Google Cloud credentials were found but can't be used") || strings.Contains(output, v.needles["the access key's secret"]) {
		t.Errorf("output:\n%s", output)
	}
	if all := connected(t, half.http, 1); all[0].Name != "accounts/aws-200000000001" {
		t.Errorf("accounts: %+v", all)
	}
	half.stop(t)
}

func TestUp_RefusedCredentials(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	wrong := maps.Clone(world.env())
	wrong["AWS_SECRET_ACCESS_KEY"] = "not-the-secret"
	half := maps.Clone(world.env())
	delete(half, "AWS_SECRET_ACCESS_KEY")
	for name, c := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"wrong secret":       {wrong, []string{"AWS credentials were found but can't be used", "What to do: "}},
		"key without secret": {half, []string{"AWS_ACCESS_KEY_ID"}},
		"unknown profile":    {map[string]string{"AWS_PROFILE": "nowhere"}, []string{"AWS_PROFILE"}},
		"missing key file":   {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"}, []string{"Google Cloud credentials were found but can't be used", "What to do: "}},
		"unreachable cloud":  {map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, []string{"AWS credentials were found but can't be used"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := up(t, t.TempDir(), c.env)
			output := r.output.String()
			for _, text := range append(c.want, "ROLLCALL_DEMO=on", "There are no accounts yet.") {
				if !strings.Contains(output, text) {
					t.Errorf("the output lacks %q:\n%s", text, output)
				}
			}
			if strings.Contains(output, "not-the-secret") {
				t.Errorf("the output has a secret:\n%s", output)
			}
			connected(t, r.http, 0)
			r.stop(t)
		})
	}
}

func TestUp_DemoOn(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	env := world.env()
	env["ROLLCALL_DEMO"] = "on"
	r := up(t, t.TempDir(), env)
	connected(t, r.http, demoAccounts)
	if n := world.Requests(cloudsim.Call{}); n.Requests != 0 {
		t.Errorf("%d calls to the user's own cloud", n.Requests)
	}
	r.stop(t)
}

func TestUp_DemoOff(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	env := world.env()
	env["ROLLCALL_DEMO"] = "off"
	r := up(t, t.TempDir(), env)
	if output := r.output.String(); !strings.Contains(output, "There are no accounts yet.") || !strings.Contains(output, "rollcall accounts create aws") {
		t.Errorf("output:\n%s", output)
	}
	connected(t, r.http, 0)
	r.stop(t)
}
