package gcp

import (
	"embed"
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/guide"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/gcp"
)

// reads are the permissions for reading: the lists of Compute Engine's instances and zones and of
// Cloud SQL's instances, and single instances before they are marked as gone (Google Cloud, "IAM
// permissions reference").
var reads = []string{
	"cloudsql.instances.get", "cloudsql.instances.list", "compute.instances.get", "compute.instances.list", "compute.zones.list",
}

// lifecycle are the further permissions of start and stop. Cloud SQL has no permission for them
// alone: its instances are updated with another activation policy.
var lifecycle = []string{
	"cloudsql.instances.update", "compute.instances.resume", "compute.instances.start", "compute.instances.stop",
	"compute.zoneOperations.get", "compute.zoneOperations.list",
}

//go:embed *.tmpl
var files embed.FS

var templates = guide.ParseTemplates(files)

// data has the values that are filled into the snippets.
type data struct {
	ProjectID   string
	Permissions []string
	// Purpose of the role, for people.
	Purpose string
	// ServiceAccount reads the project; empty: Rollcall's own identity does. AccountID is the part
	// before the @ if it is a service account of the project itself, which the snippet makes.
	ServiceAccount, AccountID string
	// Key is set if a key of the service account is needed.
	Key bool
	// Impersonates is set if someone acts as the service account: the Impersonator, as IAM spells
	// members. If that is empty, the snippet asks for it.
	Impersonates bool
	Impersonator string
	// Grant is the role for acting as the service account: of impersonation, or of federation.
	Grant string
	// Member gets the role if there is no service account, as IAM spells members; empty: the snippet
	// asks for it.
	Member string
}

type role struct {
	Title               string   `json:"title"`
	Description         string   `json:"description"`
	Stage               string   `json:"stage"`
	IncludedPermissions []string `json:"includedPermissions"`
}

// Guide writes the guide of a project.
func Guide(account, _ *accounts.Account, choice guide.Choice) (*guide.Guide, error) {
	permissions := slices.Clone(reads)
	if !choice.ReadOnly {
		permissions = append(permissions, lifecycle...)
	}
	policy, err := guide.PrettyJSON(role{
		Title: "Rollcall", Description: choice.Purpose(), Stage: "GA", IncludedPermissions: permissions,
	})
	if err != nil {
		return nil, err
	}
	d := data{ProjectID: account.CloudID, Permissions: permissions, Purpose: choice.Purpose()}
	title := "Let Rollcall's own identity read the project"
	settings := account.Credentials.Settings
	switch account.Credentials.Method {
	case gcp.ServiceAccountKey:
		title = "Let the service account read the project, and make its key"
		d.setServiceAccount(settings[clientEmail])
		d.Key = true
	case gcp.Impersonation:
		title = "Let the service account read the project, and Rollcall act as it"
		d.setServiceAccount(settings[serviceAccount])
		d.Impersonates, d.Grant = true, "roles/iam.serviceAccountTokenCreator"
		d.Impersonator = member(choice.Principal)
	case gcp.WorkloadIdentity:
		title = "Let the federated identity read the project"
		d.setFederated(settings[audience], settings[serviceAccount])
	default:
		d.Member = member(choice.Principal)
	}
	filled, err := templates.Fill(d,
		guide.Snippet{Tool: "gcloud", Title: title, Text: "gcloud.sh.tmpl"},
		guide.Snippet{Tool: "terraform", Title: title, Text: "google.tf.tmpl"})
	return &guide.Guide{Policy: policy, Snippets: filled}, err
}

// member returns a service account as IAM spells members; "" if the text is no email address.
func member(email string) string {
	if !strings.Contains(email, "@") {
		return ""
	}
	return "serviceAccount:" + email
}

func (d *data) setServiceAccount(email string) {
	d.ServiceAccount = email
	name, domain, _ := strings.Cut(email, "@")
	if domain == projectDomain(d.ProjectID) {
		d.AccountID = name
	}
}

// projectDomain returns the domain of a project's own service accounts. In it the two parts of
// example.com:my-project, the project of an organisation's own domain, change places.
func projectDomain(project string) string {
	if organisation, name, ok := strings.Cut(project, ":"); ok {
		project = name + "." + organisation
	}
	return project + ".iam.gserviceaccount.com"
}

// poolProvider is the end of an audience that follows the name of the pool.
var poolProvider = regexp.MustCompile(`/providers/[^/]+$`)

func (d *data) setFederated(audience, account string) {
	pool := "principalSet:" + poolProvider.ReplaceAllString(audience, "") + "/*"
	if account == "" {
		d.Member = pool
		return
	}
	d.setServiceAccount(account)
	d.Impersonates, d.Grant, d.Impersonator = true, "roles/iam.workloadIdentityUser", pool
}
