package guide

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// gcpReads are all that reading uses: the lists of Compute Engine's instances and
// zones and of Cloud SQL's instances, and single instances before they are taken
// for gone (Google Cloud, "IAM permissions reference").
var gcpReads = []string{
	"cloudsql.instances.get", "cloudsql.instances.list", "compute.instances.get", "compute.instances.list", "compute.zones.list",
}

// gcpLifecycle is what start and stop use besides. Cloud SQL has no permission
// for them alone: its instances are updated with another activation policy.
var gcpLifecycle = []string{
	"cloudsql.instances.update", "compute.instances.resume", "compute.instances.start", "compute.instances.stop",
	"compute.zoneOperations.get", "compute.zoneOperations.list",
}

// gcpData is what the Google Cloud snippets are filled in with.
type gcpData struct {
	ProjectID   string
	Permissions []string
	// Purpose of the role, for people.
	Purpose string
	// ServiceAccount that reads the project, and AccountID, the part before the @
	// when it is one of the project's own, and so to be made; empty: Rollcall's own
	// identity reads the project.
	ServiceAccount, AccountID string
	// Key tells whether a key of the service account is needed.
	Key bool
	// Impersonator tells who may act as the service account, as IAM spells members;
	// with Impersonates set and this empty, the snippet asks for it.
	Impersonates bool
	Impersonator string
	// Grant is the role that lets it: of impersonation, or of federation.
	Grant string
	// Member that the role is granted to, as IAM spells members, when it is not the
	// service account; empty: the snippet asks for it.
	Member string
}

type gcpRole struct {
	Title               string   `json:"title"`
	Description         string   `json:"description"`
	Stage               string   `json:"stage"`
	IncludedPermissions []string `json:"includedPermissions"`
}

func forGCP(account *accounts.Account, choice Choice) (*Guide, error) {
	permissions := slices.Clone(gcpReads)
	if !choice.ReadOnly {
		permissions = append(permissions, gcpLifecycle...)
	}
	policy, err := pretty(gcpRole{
		Title: "Rollcall", Description: choice.purpose(), Stage: "GA", IncludedPermissions: permissions,
	})
	if err != nil {
		return nil, err
	}
	data := gcpData{ProjectID: account.CloudID, Permissions: permissions, Purpose: choice.purpose()}
	title := "Let Rollcall's own identity read the project"
	switch c := account.Credentials.(type) {
	case accounts.GCPServiceAccountKey:
		title = "Let the service account read the project, and make its key"
		data.setServiceAccount(c.ClientEmail)
		data.Key = true
	case accounts.GCPImpersonation:
		title = "Let the service account read the project, and Rollcall act as it"
		data.setServiceAccount(c.ServiceAccount)
		data.Impersonates, data.Grant = true, "roles/iam.serviceAccountTokenCreator"
		data.Impersonator = member(choice.Principal)
	case accounts.GCPWorkloadIdentity:
		title = "Let the federated identity read the project"
		data.setFederated(c)
	default:
		data.Member = member(choice.Principal)
	}
	filled, err := snippets(data,
		Snippet{Tool: "gcloud", Title: title, Text: "gcloud.sh.tmpl"},
		Snippet{Tool: "terraform", Title: title, Text: "google.tf.tmpl"})
	return &Guide{Policy: policy, Snippets: filled}, err
}

// member is a service account as IAM spells members; empty when an address is
// none of Google's.
func member(email string) string {
	if !strings.Contains(email, "@") {
		return ""
	}
	return "serviceAccount:" + email
}

func (d *gcpData) setServiceAccount(email string) {
	d.ServiceAccount = email
	name, domain, _ := strings.Cut(email, "@")
	if domain == projectDomain(d.ProjectID) {
		d.AccountID = name
	}
}

// projectDomain is the domain of a project's own service accounts; the project
// of an organisation's own domain, example.com:my-project, stands there turned
// round.
func projectDomain(project string) string {
	if organisation, name, ok := strings.Cut(project, ":"); ok {
		project = name + "." + organisation
	}
	return project + ".iam.gserviceaccount.com"
}

// provider is the end of an audience that a pool's own name lacks.
var provider = regexp.MustCompile(`/providers/[^/]+$`)

func (d *gcpData) setFederated(c accounts.GCPWorkloadIdentity) {
	pool := "principalSet:" + provider.ReplaceAllString(c.Audience, "") + "/*"
	if c.ServiceAccount == "" {
		d.Member = pool
		return
	}
	d.setServiceAccount(c.ServiceAccount)
	d.Impersonates, d.Grant, d.Impersonator = true, "roles/iam.workloadIdentityUser", pool
}
