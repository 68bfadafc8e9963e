// Package gcp describes Google Cloud.
package gcp

import (
	"net/url"
	"regexp"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Names of the ways to sign in.
const (
	ApplicationDefault = "GCP_APPLICATION_DEFAULT"
	ServiceAccountKey  = "GCP_SERVICE_ACCOUNT_KEY"
	Impersonation      = "GCP_IMPERSONATION"
	WorkloadIdentity   = "GCP_WORKLOAD_IDENTITY"
)

// Descriptor returns the description of Google Cloud.
func Descriptor() *cloud.Descriptor {
	return &cloud.Descriptor{
		Provider: cloud.GCP,
		Name:     "Google Cloud",
		Title:    "Google Cloud",
		Account: cloud.Account{
			Noun: "Google Cloud project", Field: "gcp", IDField: "project_id",
			ID:     regexp.MustCompile(`^([a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`),
			IDRule: "6 to 30 lower case letters, digits and hyphens, a letter first and no hyphen last", IDExample: "my-project",
			Prefix: "gcp-",
		},
		Kinds: []cloud.KindSupport{
			{Kind: cloud.VirtualMachine, Service: "Compute Engine", Scope: cloud.Zonal},
			{Kind: cloud.Database, Service: "Cloud SQL", Scope: cloud.Regional},
		},
		// A zone is the region, a hyphen and a letter; AI zones have more after it: us-central1-ai1a
		// (Compute Engine, "Regions and zones").
		Zone: regexp.MustCompile(`^([a-z]{2,}(?:-[a-z]+)+[0-9]{1,2})-[a-z0-9]+$`),
		Methods: []cloud.Method{
			{
				Name: ApplicationDefault, Field: "application_default", Title: "application default credentials",
				Summary: func(string) string { return "default credentials" },
			},
			{
				Name: ServiceAccountKey, Field: "service_account_key", Title: "service account key",
				Identity: "client_email", Secret: "json",
				Summary: func(email string) string { return "key of " + email },
			},
			{
				Name: Impersonation, Field: "impersonation", Title: "impersonation", Identity: "service_account",
				Summary: func(email string) string { return "impersonating " + email },
			},
			{
				Name: WorkloadIdentity, Field: "workload_identity", Title: "workload identity",
				Identity: "audience", Secret: "json",
				Summary: func(string) string { return "workload identity" },
			},
		},
		// The ids of virtual machines are plain numbers, which people use as names too.
		InstanceIDs: nil,
		InstanceURIs: []*regexp.Regexp{
			regexp.MustCompile(`^https://([a-z]+\.)?googleapis\.com/(compute|sql)/[a-z0-9]+/projects/`),
		},
		Console: console,
		Environment: cloud.Environment{
			Credentials: []string{"GOOGLE_APPLICATION_CREDENTIALS"},
			Endpoints:   []string{"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL"},
		},
	}
}

func console(r cloud.Resource) string {
	if r.CloudID == "" || r.Name == "" {
		return ""
	}
	const host = "https://console.cloud.google.com"
	project, name := url.QueryEscape(r.CloudID), url.PathEscape(r.Name)
	switch {
	case r.Kind == cloud.VirtualMachine && r.Zone != "":
		return host + "/compute/instancesDetail/zones/" + url.PathEscape(r.Zone) + "/instances/" + name + "?project=" + project
	case r.Kind == cloud.Database:
		return host + "/sql/instances/" + name + "/overview?project=" + project
	}
	return ""
}
