package gcp

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"cloud.google.com/go/compute/metadata"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// detectLimit bounds Detect with the one token that it requests.
	detectLimit = 10 * time.Second
	// metadataLimit bounds a request to the metadata server. On a machine at Google it answers at once;
	// elsewhere its address may drop packets.
	metadataLimit = 500 * time.Millisecond
)

// ErrNoCredentials is returned if the environment has no application default credentials.
var ErrNoCredentials = errors.New("there are no application default credentials")

// Identity is the project and the principal of credentials.
type Identity struct {
	ProjectID string
	// Principal is the address of a service account, or else describes the credentials.
	Principal string
}

// Detect returns the project of the application default credentials: those of the file in
// GOOGLE_APPLICATION_CREDENTIALS, of gcloud's own file, or of the metadata server of a machine at
// Google. It returns ErrNoCredentials if there are none, and a *fault.Error if they issue no token or
// no project is configured.
func Detect(ctx context.Context, config Config) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, detectLimit)
	defer cancel()
	found, err := findDefault(ctx)
	if err != nil {
		return Identity{}, err
	}
	found.ProjectID = cmp.Or(os.Getenv("GOOGLE_CLOUD_PROJECT"), os.Getenv("GCLOUD_PROJECT"), os.Getenv("CLOUDSDK_CORE_PROJECT"),
		found.ProjectID, os.Getenv("GOOGLE_CLOUD_QUOTA_PROJECT"), found.quotaProject, configuredProject())
	if !projectIDForm.MatchString(found.ProjectID) {
		return Identity{}, found.errProject()
	}
	reader, err := New(config)
	if err != nil {
		return Identity{}, fault.ForReason(fault.ReasonInternal, err.Error(), "Correct the variable, or unset it.", nil)
	}
	defer reader.Close()
	account := provider.Account{Provider: cloud.GCP, CloudID: found.ProjectID}
	session, err := reader.Open(ctx, account, provider.GCPApplicationDefault{})
	if err != nil {
		return Identity{}, err
	}
	if _, err := session.Identity(ctx); err != nil {
		return Identity{}, err
	}
	return found.Identity, nil
}

// defaults are the application default credentials that were found.
type defaults struct {
	Identity
	quotaProject string
}

// projectIDForm is the form of project ids that the API accepts.
var projectIDForm = regexp.MustCompile(`^([a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// errProject returns the fault of credentials without a valid project.
func (d defaults) errProject() *fault.Error {
	message := "no project is configured for the credentials (" + d.Principal + ")"
	if d.ProjectID != "" {
		message = fmt.Sprintf("%q is not a project id", providerkit.Shorten(d.ProjectID))
	}
	return fault.ForReason(fault.ReasonCredentialsInvalid, message, "Set GOOGLE_CLOUD_PROJECT to the id of the project to read.", nil)
}

// findDefault searches the same places as Google's libraries, in the same order; see
// https://cloud.google.com/docs/authentication/application-default-credentials.
func findDefault(ctx context.Context) (defaults, error) {
	const variable = "GOOGLE_APPLICATION_CREDENTIALS"
	path := os.Getenv(variable)
	named := path != ""
	if !named {
		path = filepath.Join(gcloudDir(), "application_default_credentials.json")
	}
	file, err := os.ReadFile(path)
	switch {
	case err == nil:
		return parseDefault(path, file)
	case named:
		return defaults{}, fault.ForReason(fault.ReasonCredentialsInvalid,
			fmt.Sprintf("the file %s in %s can't be read", path, variable), "Correct or unset "+variable+".", err)
	case !errors.Is(err, os.ErrNotExist):
		return defaults{}, errors.Join(ErrNoCredentials, err)
	}
	return metadataDefault(ctx)
}

// parseDefault parses the project and the principal of a credentials file.
func parseDefault(path string, file []byte) (defaults, error) {
	var content struct {
		Type          string `json:"type"`
		ProjectID     string `json:"project_id"`
		QuotaProject  string `json:"quota_project_id"`
		ClientEmail   string `json:"client_email"`
		Impersonation string `json:"service_account_impersonation_url"`
	}
	if err := json.Unmarshal(file, &content); err != nil || content.Type == "" {
		// The error may quote the file, so it is not the cause.
		return defaults{}, fault.ForReason(fault.ReasonCredentialsInvalid, path+" is not a credentials file of Google Cloud",
			"Replace it with the file that Google issued.", nil)
	}
	found := defaults{Identity: Identity{ProjectID: content.ProjectID}, quotaProject: content.QuotaProject}
	_, impersonated, _ := strings.Cut(content.Impersonation, "/serviceAccounts/")
	impersonated, _, _ = strings.Cut(impersonated, ":")
	found.Principal = cmp.Or(content.ClientEmail, impersonated, strings.ReplaceAll(content.Type, "_", " "))
	return found, nil
}

// gcloudDir returns the folder of gcloud's settings, as Google's libraries for Go determine it.
func gcloudDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("APPDATA"), "gcloud")
	}
	home, _ := os.UserHomeDir() // Without a home there is no such folder.
	return filepath.Join(home, ".config", "gcloud")
}

// configuredProject returns the project of gcloud's active configuration, or "".
func configuredProject() string {
	dir := cmp.Or(os.Getenv("CLOUDSDK_CONFIG"), gcloudDir())
	name := os.Getenv("CLOUDSDK_ACTIVE_CONFIG_NAME")
	if name == "" {
		active, _ := os.ReadFile(filepath.Join(dir, "active_config"))
		name = cmp.Or(strings.TrimSpace(string(active)), "default")
	}
	file, _ := os.ReadFile(filepath.Join(dir, "configurations", "config_"+filepath.Base(name)))
	section := ""
	for lines := bufio.NewScanner(bytes.NewReader(file)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = line
		}
		key, value, _ := strings.Cut(line, "=")
		if section == "[core]" && strings.TrimSpace(key) == "project" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// metadataDefault returns the credentials of the metadata server of a machine at Google.
func metadataDefault(ctx context.Context) (defaults, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	transport := &http.Transport{DialContext: (&net.Dialer{}).DialContext}
	defer transport.CloseIdleConnections()
	client := metadata.NewClient(&http.Client{Transport: googleMetadata{transport}})
	project, err := client.GetWithContext(ctx, "project/project-id")
	if err != nil {
		return defaults{}, errors.Join(ErrNoCredentials, err)
	}
	email, err := client.GetWithContext(ctx, "instance/service-accounts/default/email")
	if err != nil { // The machine has no service account.
		return defaults{}, errors.Join(ErrNoCredentials, err)
	}
	return defaults{Identity: Identity{ProjectID: strings.TrimSpace(project), Principal: strings.TrimSpace(email)}}, nil
}

// googleMetadata accepts answers of Google's metadata server only. Other clouds have theirs at the
// same address.
type googleMetadata struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (g googleMetadata) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := g.next.RoundTrip(request)
	if err == nil && response.Header.Get("Metadata-Flavor") != "Google" {
		_ = response.Body.Close()
		return nil, errors.New("the metadata server is not one of Google")
	}
	return response, err
}
