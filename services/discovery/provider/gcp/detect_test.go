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

// emptyEnvironment removes everything of Google from the environment and returns an empty home.
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

// wantFault checks that credentials are found and can't be used, with this text in the message.
func wantFault(t *testing.T, text string) {
	t.Helper()
	found, err := gcp.Detect(t.Context(), gcp.Config{Attempts: 1})
	failure, ok := errors.AsType[*fault.Error](err)
	if !ok || failure.Remedy == "" || !strings.Contains(failure.Message, text) {
		t.Errorf("found %+v, %v; want a fault with %q", found, err, text)
	}
}

// TestDetect_Project checks which of several projects wins.
func TestDetect_Project(t *testing.T) {
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
		t.Errorf("in an empty environment: %+v, %v", found, err)
	}
	// The file of gcloud names its project. Variables override it, the later ones here the earlier ones.
	wellKnown := write(t, filepath.Join(home, ".config", "gcloud", "application_default_credentials.json"), string(c.keyFile(project)))
	want(project)
	t.Setenv("CLOUDSDK_CORE_PROJECT", "core-project")
	want("core-project")
	t.Setenv("GOOGLE_CLOUD_PROJECT", "cloud-project")
	want("cloud-project")

	// The file in GOOGLE_APPLICATION_CREDENTIALS overrides that of gcloud.
	write(t, wellKnown, "nothing")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", write(t, filepath.Join(home, "key.json"), string(c.keyFile(project))))
	want("cloud-project")

	// Without a project in the file, the quota project or that of gcloud's active configuration is used.
	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	t.Setenv("CLOUDSDK_CORE_PROJECT", "")
	without := strings.Replace(string(c.keyFile(project)), `"project_id"`, `"quota_project_id"`, 1)
	write(t, filepath.Join(home, "key.json"), without)
	want(project)
	write(t, filepath.Join(home, "key.json"), strings.Replace(without, `"quota_project_id"`, `"nothing"`, 1))
	wantFault(t, "no project is configured")
	write(t, filepath.Join(home, ".config", "gcloud", "active_config"), "work\n")
	write(t, filepath.Join(home, ".config", "gcloud", "configurations", "config_work"), "[compute]\nproject = wrong-one\n[core]\naccount = a@b.c\nproject = work-project\n")
	want("work-project")
	t.Setenv("GOOGLE_CLOUD_PROJECT", "No Project!")
	wantFault(t, "is not a project id")
}

func TestDetect_UnusableCredentials(t *testing.T) {
	home := emptyEnvironment(t)
	c := newCloud(t, simgcp.ProjectPlan{ID: project})
	path := filepath.Join(home, "key.json")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
	wantFault(t, "can't be read")
	key := string(c.keyFile(project))
	write(t, path, key[:len(key)/2])
	wantFault(t, "is not a credentials file")
	write(t, path, strings.Replace(key, "service_account", "some_other_type", 1))
	wantFault(t, "")
	write(t, path, strings.Replace(key, c.url, "http://127.0.0.1:1", 1))
	wantFault(t, "can't be reached")
	write(t, path, key)
	c.RevokeServiceAccountKey(project)
	wantFault(t, "issued no token")
	t.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "compute")
	wantFault(t, "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE")
}

// TestDetect_MetadataServer asks the metadata server of a machine at Google, and that of another
// cloud.
func TestDetect_MetadataServer(t *testing.T) {
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
		t.Errorf("the server of another cloud was accepted: %+v, %v", found, err)
	}
}
