package gcp_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// emptyEnvironment is one with nothing of Google in it, and a home of its own.
func emptyEnvironment(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "APPDATA": home, "GCE_METADATA_HOST": "127.0.0.1:1",
		"GOOGLE_APPLICATION_CREDENTIALS": "", "GOOGLE_CLOUD_PROJECT": "", "GCLOUD_PROJECT": "", "GOOGLE_CLOUD_QUOTA_PROJECT": "",
		"CLOUDSDK_CORE_PROJECT": "", "CLOUDSDK_CONFIG": "", "CLOUDSDK_ACTIVE_CONFIG_NAME": "",
	} {
		t.Setenv(name, value)
	}
	return home
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantRefused looks for credentials that are there and can't be used.
func wantRefused(t *testing.T, says string) {
	t.Helper()
	found, err := gcp.Detect(t.Context(), gcp.Config{Attempts: 1})
	failure, ok := errors.AsType[*fault.Error](err)
	if !ok || failure.Remedy == "" || !strings.Contains(failure.Message, says) {
		t.Errorf("found %+v, %v; want a failure that says %q", found, err, says)
	}
}

func TestDetectFindsTheProjectOfTheEnvironment(t *testing.T) {
	home := emptyEnvironment(t)
	c := newCloud(t, simgcp.ProjectPlan{ID: project})
	email := simgcp.ServiceAccountEmail(project, simgcp.DefaultServiceAccount)
	want := func(projectID string) {
		t.Helper()
		found, err := gcp.Detect(t.Context(), gcp.Config{})
		if err != nil || found.ProjectID != projectID || found.Principal != email {
			t.Errorf("found %+v, %v; want %s as %s", found, err, projectID, email)
		}
	}
	if found, err := gcp.Detect(t.Context(), gcp.Config{}); !errors.Is(err, gcp.ErrNoCredentials) {
		t.Errorf("of nothing came %+v, %v", found, err)
	}
	// gcloud's own file, which names its project; then whatever says otherwise, from the weakest word to the strongest.
	wellKnown := write(t, filepath.Join(home, ".config", "gcloud", "application_default_credentials.json"), string(c.keyFile(project)))
	want(project)
	t.Setenv("CLOUDSDK_CORE_PROJECT", "core-project")
	want("core-project")
	t.Setenv("GOOGLE_CLOUD_PROJECT", "cloud-project")
	want("cloud-project")

	// A named file goes before gcloud's.
	write(t, wellKnown, "nothing")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", write(t, filepath.Join(home, "key.json"), string(c.keyFile(project))))
	want("cloud-project")

	// A file without a project: the quota project, or that of gcloud's active configuration.
	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	t.Setenv("CLOUDSDK_CORE_PROJECT", "")
	without := strings.Replace(string(c.keyFile(project)), `"project_id"`, `"quota_project_id"`, 1)
	write(t, filepath.Join(home, "key.json"), without)
	want(project)
	write(t, filepath.Join(home, "key.json"), strings.Replace(without, `"quota_project_id"`, `"nothing"`, 1))
	wantRefused(t, "nothing says for which project")
	write(t, filepath.Join(home, ".config", "gcloud", "active_config"), "work\n")
	write(t, filepath.Join(home, ".config", "gcloud", "configurations", "config_work"), "[compute]\nproject = wrong-one\n[core]\naccount = a@b.c\nproject = work-project\n")
	want("work-project")
	t.Setenv("GOOGLE_CLOUD_PROJECT", "No Project!")
	wantRefused(t, "is no project id")
}

func TestDetectSaysWhyCredentialsCantBeUsed(t *testing.T) {
	home := emptyEnvironment(t)
	c := newCloud(t, simgcp.ProjectPlan{ID: project})
	path := filepath.Join(home, "key.json")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
	wantRefused(t, "can't be read")
	key := string(c.keyFile(project))
	write(t, path, key[:len(key)/2])
	wantRefused(t, "is no credentials file")
	write(t, path, strings.Replace(key, "service_account", "some_other_type", 1))
	wantRefused(t, "")
	write(t, path, strings.Replace(key, c.url, "http://127.0.0.1:1", 1))
	wantRefused(t, "can't be reached")
	write(t, path, key)
	c.RevokeServiceAccountKey(project)
	wantRefused(t, "gave no token")
	t.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "compute")
	wantRefused(t, "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE")
}

// TestDetectAsksTheMetadataServer stands in for the metadata server of a machine at Google, and for that of another cloud.
func TestDetectAsksTheMetadataServer(t *testing.T) {
	emptyEnvironment(t)
	flavour := "Google"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", flavour)
		switch r.URL.Path {
		case "/computeMetadata/v1/project/project-id":
			fmt.Fprint(w, project)
		case "/computeMetadata/v1/instance/service-accounts/default/email":
			fmt.Fprint(w, "machine@example.com")
		case "/computeMetadata/v1/instance/service-accounts/default/token":
			fmt.Fprint(w, `{"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(server.URL, "http://"))
	if found, err := gcp.Detect(t.Context(), gcp.Config{}); err != nil || found != (gcp.Identity{ProjectID: project, Principal: "machine@example.com"}) {
		t.Errorf("found %+v, %v", found, err)
	}
	flavour = "another"
	if found, err := gcp.Detect(t.Context(), gcp.Config{}); !errors.Is(err, gcp.ErrNoCredentials) {
		t.Errorf("another cloud's server is taken for Google's: %+v, %v", found, err)
	}
}
