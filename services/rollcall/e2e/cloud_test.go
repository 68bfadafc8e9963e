package e2e

import (
	"maps"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func TestCredentialsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	demo := up(t, dir, nil)
	connected(t, demo.http, demoAccounts)
	demo.stop(t)

	// Credentials appear: the demo leaves, and says so.
	world := newWorld(t)
	r := up(t, dir, world.env())
	said := r.output.String()
	for _, text := range []string{"Taking the demo's 7 accounts off the roll", "AWS account " + world.account + ", read as arn:aws:iam::"} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not said:\n%s", text, said)
		}
	}
	if all := connected(t, r.http, 1); all[0].Name != "accounts/aws-"+world.account || all[0].Labels["rollcall-demo"] != "" {
		t.Errorf("on the roll is %+v", all)
	}
	r.stop(t)

	// They are gone again: the account on the roll is the user's own, so no demo stands in its way.
	without := up(t, dir, nil)
	if said := without.output.String(); strings.Contains(said, "simulated") || !strings.Contains(said, "there are no credentials of a cloud") {
		t.Errorf("it says:\n%s", said)
	}
	if all, err := accounts(t.Context(), without.http); err != nil || len(all) != 1 {
		t.Errorf("on the roll is %+v, %v", all, err)
	}
	without.stop(t)
}

// TestCredentialsOfBothClouds has the environment open a project beside an account, and a project alone.
func TestCredentialsOfBothClouds(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	delete(v.env, "ROLLCALL_DEMO")
	delete(v.env, "ROLLCALL_LOG_LEVEL")
	v.env["GOOGLE_APPLICATION_CREDENTIALS"] = v.keyFile
	dir := t.TempDir()
	google := up(t, dir, v.env)
	if said := google.output.String(); !strings.Contains(said, "Google Cloud project first-project, read as rollcall@first-project.iam.gserviceaccount.com") {
		t.Errorf("it says:\n%s", said)
	}
	if all := connected(t, google.http, 1); all[0].Name != "accounts/gcp-first-project" || all[0].Labels["rollcall-demo"] != "" {
		t.Errorf("on the roll is %+v", all)
	}
	if n := len(mustInstances(t, google.http, "provider = GCP")); n != 7 {
		t.Errorf("%d instances of the project, want two in each of three zones, and a database", n)
	}
	google.stop(t)

	v.env["AWS_ACCESS_KEY_ID"], v.env["AWS_SECRET_ACCESS_KEY"] = v.accessKeyID, v.needles["the access key's secret"]
	both := up(t, dir, v.env)
	if said := both.output.String(); !strings.Contains(said, "AWS account 200000000001, read as ") || !strings.Contains(said, "; Google Cloud project first-project") {
		t.Errorf("it says:\n%s", said)
	}
	if all := connected(t, both.http, 2); all[0].Name != "accounts/aws-200000000001" || all[1].Name != "accounts/gcp-first-project" {
		t.Errorf("on the roll is %+v", all)
	}
	both.stop(t)

	// What one cloud refuses keeps nothing from the other.
	v.env["GOOGLE_APPLICATION_CREDENTIALS"] = v.secretFile
	half := up(t, t.TempDir(), v.env)
	if said := half.output.String(); !strings.Contains(said, "Google Cloud credentials were found and can't be used") || strings.Contains(said, v.needles["the access key's secret"]) {
		t.Errorf("it says:\n%s", said)
	}
	if all := connected(t, half.http, 1); all[0].Name != "accounts/aws-200000000001" {
		t.Errorf("on the roll is %+v", all)
	}
	half.stop(t)
}

func TestCredentialsThatAreRefused(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	wrong := maps.Clone(world.env())
	wrong["AWS_SECRET_ACCESS_KEY"] = "not-the-secret"
	half := maps.Clone(world.env())
	delete(half, "AWS_SECRET_ACCESS_KEY")
	for name, c := range map[string]struct {
		env  map[string]string
		says []string
	}{
		"a wrong secret":      {wrong, []string{"AWS credentials were found and can't be used", "What to do: "}},
		"half a key":          {half, []string{"AWS_ACCESS_KEY_ID"}},
		"an unknown profile":  {map[string]string{"AWS_PROFILE": "nowhere"}, []string{"AWS_PROFILE"}},
		"no file of Google's": {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"}, []string{"Google Cloud credentials were found and can't be used", "What to do: "}},
		"nobody at the cloud": {map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, []string{"AWS credentials were found and can't be used"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := up(t, t.TempDir(), c.env)
			said := r.output.String()
			for _, text := range append(c.says, "ROLLCALL_DEMO=on", "The roll is empty.") {
				if !strings.Contains(said, text) {
					t.Errorf("%q is not said:\n%s", text, said)
				}
			}
			if strings.Contains(said, "not-the-secret") {
				t.Errorf("a secret is printed:\n%s", said)
			}
			connected(t, r.http, 0)
			r.stop(t)
		})
	}
}

func TestDemoOnWhateverTheEnvironment(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	env := world.env()
	env["ROLLCALL_DEMO"] = "on"
	r := up(t, t.TempDir(), env)
	connected(t, r.http, demoAccounts)
	if n := world.Requests(cloudsim.Call{}); n.Requests != 0 {
		t.Errorf("%d calls went to the user's own cloud", n.Requests)
	}
	r.stop(t)
}

func TestDemoOff(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	env := world.env()
	env["ROLLCALL_DEMO"] = "off"
	r := up(t, t.TempDir(), env)
	if said := r.output.String(); !strings.Contains(said, "The roll is empty.") || !strings.Contains(said, "rollcall accounts create aws") {
		t.Errorf("it says:\n%s", said)
	}
	connected(t, r.http, 0)
	r.stop(t)
}
