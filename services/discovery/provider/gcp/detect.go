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
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// detectLimit bounds the look for credentials and the one token that Detect
	// asks for.
	detectLimit = 10 * time.Second
	// metadataLimit is how fast the metadata server of a machine at Google answers.
	// Elsewhere its address may swallow what is sent.
	metadataLimit = 500 * time.Millisecond
)

// ErrNoCredentials says that the usual environment holds no credentials of Google
// Cloud.
var ErrNoCredentials = errors.New("there are no application default credentials")

// Identity is what the environment opens: a project, and as whom.
type Identity struct {
	ProjectID string
	// Principal is a service account's address, or says what the credentials are.
	Principal string
}

// Detect tells which project the application default credentials of the usual
// environment are for: the file that GOOGLE_APPLICATION_CREDENTIALS names,
// gcloud's own, or the metadata server of a machine at Google if that answers at
// once. ErrNoCredentials when there are none; a *fault.Error when there are
// and no token comes of them, or nothing says which project is meant.
func Detect(ctx context.Context, config Config) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, detectLimit)
	defer cancel()
	found, err := findDefault(ctx)
	if err != nil {
		return Identity{}, err
	}
	found.ProjectID = cmp.Or(os.Getenv("GOOGLE_CLOUD_PROJECT"), os.Getenv("GCLOUD_PROJECT"), os.Getenv("CLOUDSDK_CORE_PROJECT"),
		found.ProjectID, os.Getenv("GOOGLE_CLOUD_QUOTA_PROJECT"), found.quotaProject, configuredProject())
	if !projectID.MatchString(found.ProjectID) {
		return Identity{}, found.projectless()
	}
	opener, err := New(config)
	if err != nil {
		return Identity{}, fault.ForReason(fault.ReasonInternal, err.Error(), "Mend the variable, or unset it.", nil)
	}
	defer opener.Close()
	account := provider.Account{Provider: cloud.GCP, CloudID: found.ProjectID}
	session, err := opener.Open(ctx, account, provider.GCPApplicationDefault{})
	if err != nil {
		return Identity{}, err
	}
	if _, err := session.Identity(ctx); err != nil {
		return Identity{}, err
	}
	return found.Identity, nil
}

// defaults are application default credentials that were found.
type defaults struct {
	Identity
	quotaProject string
}

// projectID is what the contract takes for one.
var projectID = regexp.MustCompile(`^([a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// projectless is the failure of credentials that open no project we know of.
func (d defaults) projectless() *fault.Error {
	const remedy = "Set GOOGLE_CLOUD_PROJECT to the id of the project that is to be read."
	if d.ProjectID == "" {
		return fault.ForReason(fault.ReasonCredentialsInvalid, "there are credentials ("+d.Principal+"), and nothing says for which project", remedy, nil)
	}
	return fault.ForReason(fault.ReasonCredentialsInvalid, fmt.Sprintf("%q is no project id", shorten(d.ProjectID)), remedy, nil)
}

// findDefault looks where Google's libraries look, in their order; see
// https://cloud.google.com/docs/authentication/application-default-credentials.
func findDefault(ctx context.Context) (defaults, error) {
	const variable = "GOOGLE_APPLICATION_CREDENTIALS"
	path := os.Getenv(variable)
	named := path != ""
	if !named {
		path = filepath.Join(gcloudFolder(), "application_default_credentials.json")
	}
	file, err := os.ReadFile(path)
	switch {
	case err == nil:
		return readDefault(path, file)
	case named:
		return defaults{}, fault.ForReason(fault.ReasonCredentialsInvalid,
			fmt.Sprintf("the file %s that %s names can't be read", path, variable), "Mend or unset "+variable+".", err)
	case !errors.Is(err, os.ErrNotExist):
		return defaults{}, errors.Join(ErrNoCredentials, err)
	}
	return askMetadata(ctx)
}

// readDefault reads as much of a credentials file as tells whose it is.
func readDefault(path string, file []byte) (defaults, error) {
	var content struct {
		Type          string `json:"type"`
		ProjectID     string `json:"project_id"`
		QuotaProject  string `json:"quota_project_id"`
		ClientEmail   string `json:"client_email"`
		Impersonation string `json:"service_account_impersonation_url"`
	}
	if err := json.Unmarshal(file, &content); err != nil || content.Type == "" {
		// The error may quote the file.
		return defaults{}, fault.ForReason(fault.ReasonCredentialsInvalid, path+" is no credentials file of Google Cloud",
			"Put the file there once more, as Google made it.", nil)
	}
	found := defaults{Identity: Identity{ProjectID: content.ProjectID}, quotaProject: content.QuotaProject}
	_, impersonated, _ := strings.Cut(content.Impersonation, "/serviceAccounts/")
	impersonated, _, _ = strings.Cut(impersonated, ":")
	found.Principal = cmp.Or(content.ClientEmail, impersonated, strings.ReplaceAll(content.Type, "_", " "))
	return found, nil
}

// gcloudFolder is where gcloud keeps its settings, as Google's libraries for Go
// have it.
func gcloudFolder() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("APPDATA"), "gcloud")
	}
	home, _ := os.UserHomeDir() // Without a home there is nothing in it.
	return filepath.Join(home, ".config", "gcloud")
}

// configuredProject is the project of gcloud's active configuration, or "".
func configuredProject() string {
	folder := cmp.Or(os.Getenv("CLOUDSDK_CONFIG"), gcloudFolder())
	name := os.Getenv("CLOUDSDK_ACTIVE_CONFIG_NAME")
	if name == "" {
		active, _ := os.ReadFile(filepath.Join(folder, "active_config"))
		name = cmp.Or(strings.TrimSpace(string(active)), "default")
	}
	file, _ := os.ReadFile(filepath.Join(folder, "configurations", "config_"+filepath.Base(name)))
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

// askMetadata asks the metadata server of a machine at Google.
func askMetadata(ctx context.Context) (defaults, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	transport := &http.Transport{DialContext: (&net.Dialer{}).DialContext}
	defer transport.CloseIdleConnections()
	client := metadata.NewClient(&http.Client{Transport: flavoured{transport}})
	project, err := client.GetWithContext(ctx, "project/project-id")
	if err != nil {
		return defaults{}, errors.Join(ErrNoCredentials, err)
	}
	email, err := client.GetWithContext(ctx, "instance/service-accounts/default/email")
	if err != nil { // A machine without a service account.
		return defaults{}, errors.Join(ErrNoCredentials, err)
	}
	return defaults{Identity: Identity{ProjectID: strings.TrimSpace(project), Principal: strings.TrimSpace(email)}}, nil
}

// flavoured takes answers of Google's metadata server alone: other clouds have
// theirs at the same address.
type flavoured struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (f flavoured) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := f.next.RoundTrip(request)
	if err == nil && response.Header.Get("Metadata-Flavor") != "Google" {
		_ = response.Body.Close()
		return nil, errors.New("that is no metadata server of Google")
	}
	return response, err
}
