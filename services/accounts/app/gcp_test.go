package app_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// TestCreate_Projects creates projects with every way to sign in, and reads them as a client and as
// discovery.
func TestCreate_Projects(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct {
		credentials func(*accountsv1.GcpProject)
		shown       *accountsv1.GcpProject
		check       func(*accountsv1.GcpCredentials) bool
	}{
		"my-project": {
			ambient, &accountsv1.GcpProject{Credentials: &accountsv1.GcpProject_ApplicationDefault{ApplicationDefault: &accountsv1.GcpApplicationDefault{}}},
			func(c *accountsv1.GcpCredentials) bool { return c.GetApplicationDefault() != nil },
		},
		"my-project-key": {
			serviceAccountKey(keyFile(map[string]any{"project_id": "my-project-key"})),
			&accountsv1.GcpProject{Credentials: &accountsv1.GcpProject_ServiceAccountKey{ServiceAccountKey: &accountsv1.GcpServiceAccountKey{
				ClientEmail: "rollcall@my-project.iam.gserviceaccount.com", PrivateKeyId: "4f9a",
			}}},
			func(c *accountsv1.GcpCredentials) bool {
				k := c.GetServiceAccountKey()
				return strings.Contains(k.GetJson(), "PRIVATE KEY") && k.GetPrivateKeyId() == "4f9a"
			},
		},
		"my-project-impersonated": {
			impersonation("reader@my-project.iam.gserviceaccount.com"),
			&accountsv1.GcpProject{Credentials: &accountsv1.GcpProject_Impersonation{Impersonation: &accountsv1.GcpImpersonation{
				ServiceAccount: "reader@my-project.iam.gserviceaccount.com",
			}}},
			func(c *accountsv1.GcpCredentials) bool {
				return c.GetImpersonation().GetServiceAccount() == "reader@my-project.iam.gserviceaccount.com"
			},
		},
		"my-project-federated": {
			federation(federationFile(nil)),
			&accountsv1.GcpProject{Credentials: &accountsv1.GcpProject_WorkloadIdentity{WorkloadIdentity: &accountsv1.GcpWorkloadIdentity{Audience: audience}}},
			func(c *accountsv1.GcpCredentials) bool {
				return strings.Contains(c.GetWorkloadIdentity().GetJson(), "federationTESTSECRET") && c.GetWorkloadIdentity().GetAudience() == audience
			},
		},
	} {
		req := gcp(name, c.credentials)
		req.Account.GetGcp().Regions = []string{"europe-west10", "us-central1"}
		created := s.create(t, req)
		c.shown.ProjectId, c.shown.Regions = name, req.Account.GetGcp().GetRegions()
		if created.GetName() != "accounts/gcp-"+name || created.GetProvider() != commonv1.Provider_GCP || !proto.Equal(created.GetGcp(), c.shown) {
			t.Errorf("created %v", created)
		}
		if read := s.get(t, created.GetName()); !proto.Equal(read, created) {
			t.Errorf("read %v", read)
		}
		if got := s.signIn(t, created.GetName()).GetGcp(); got.GetProjectId() != name || !c.check(got) {
			t.Errorf("discovery gets %v", got)
		}
	}
	found := s.list(t, &accountsv1.ListAccountsRequest{Filter: `gcp.project_id : "key" OR (provider = GCP AND gcp.project_id = "my-project")`})
	var names []string
	for _, account := range found.GetAccounts() {
		names = append(names, account.GetName())
	}
	if !slices.Equal(names, []string{"accounts/gcp-my-project", "accounts/gcp-my-project-key"}) {
		t.Errorf("found %q", names)
	}
}

func TestCreate_DomainScopedProject(t *testing.T) {
	t.Parallel()
	s := start(t)
	if name := s.create(t, gcp("example.com:my-project", ambient)).GetName(); name != "accounts/gcp-example-com-my-project" {
		t.Errorf("named %s", name)
	}
}

func TestCreate_InvalidProjects(t *testing.T) {
	t.Parallel()
	s := start(t)
	const key, federated = "account.gcp.service_account_key.json", "account.gcp.workload_identity.json"
	for name, c := range map[string]struct {
		req   *accountsv1.CreateAccountRequest
		field string
		says  string
	}{
		"project number":     {gcp("123456789012", ambient), "account.gcp.project_id", "project id"},
		"short":              {gcp("abc", ambient), "account.gcp.project_id", "project id"},
		"capitals":           {gcp("My-Project", ambient), "account.gcp.project_id", "project id"},
		"email":              {gcp("my-project", impersonation("me@example.com")), "account.gcp.impersonation.service_account", ""},
		"no key file":        {gcp("my-project", serviceAccountKey("")), key, "must be the key file"},
		"truncated":          {gcp("my-project", serviceAccountKey(keyFile(nil)[:300])), key, "ends early"},
		"another type":       {gcp("my-project", serviceAccountKey(federationFile(nil))), key, "type: must be"},
		"foreign token_uri":  {gcp("my-project", serviceAccountKey(keyFile(map[string]any{"token_uri": "https://evil.example/token"}))), key, "token_uri: must be a URL of Google"},
		"broken key":         {gcp("my-project", serviceAccountKey(keyFile(map[string]any{"private_key": privateKey()[:500]}))), key, "private_key: "},
		"no federation file": {gcp("my-project", federation("")), federated, "must be the configuration"},
		"executable": {gcp("my-project", federation(federationFile(map[string]any{
			"credential_source": map[string]any{"executable": map[string]any{"command": "/bin/true"}},
		}))), federated, "credential_source.executable: is refused"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.accounts.CreateAccount(t.Context(), c.req)
			if r := wantInvalid(t, err, c.field); !strings.Contains(r.message, c.says) {
				t.Errorf("says %q", r.message)
			}
		})
	}
	_, err := s.accounts.CreateAccount(t.Context(), gcp("other-project", serviceAccountKey(keyFile(nil))))
	if r := wantRefusal(t, err, codes.InvalidArgument, "ACCOUNT_MISMATCH"); !slices.Contains(r.fields, key) {
		t.Errorf("about %q", r.fields)
	}
	if n := s.list(t, &accountsv1.ListAccountsRequest{}).GetTotalSize(); n != 0 {
		t.Errorf("%d accounts were stored", n)
	}
}

// TestCreate_AllowedTokenHosts creates an account with a key file for a host that the operator
// allows.
func TestCreate_AllowedTokenHosts(t *testing.T) {
	t.Parallel()
	s := startWith(t, dbtest.New(t, template).URL, func(c *app.Config) {
		if err := c.AllowedTokenHosts.UnmarshalText([]byte("localhost:8085")); err != nil {
			t.Fatal(err)
		}
	})
	s.create(t, gcp("my-project", serviceAccountKey(keyFile(map[string]any{"token_uri": "http://localhost:8085/token"}))))
}

func TestUpdate_Project(t *testing.T) {
	t.Parallel()
	s := start(t)
	before := s.create(t, gcp("my-project", serviceAccountKey(keyFile(nil))))
	key := before.GetGcp().GetServiceAccountKey()
	update := func(credentials func(*accountsv1.GcpProject), paths ...string) *accountsv1.GcpProject {
		t.Helper()
		after, err := s.update(t, patchGCP(credentials), paths...)
		if err != nil {
			t.Fatal(err)
		}
		return after.GetGcp()
	}
	got := func() *accountsv1.GcpCredentials { return s.signIn(t, before.GetName()).GetGcp() }

	// What does not come with a file keeps the one that is there.
	for _, paths := range [][]string{{"labels"}, {"gcp.service_account_key"}, {"gcp.service_account_key.json"}, {"gcp.regions"}} {
		if after := update(serviceAccountKey(""), paths...); !proto.Equal(after.GetServiceAccountKey(), key) {
			t.Errorf("an update of %q made it %v", paths, after)
		}
	}
	if !strings.Contains(got().GetServiceAccountKey().GetJson(), "PRIVATE KEY") {
		t.Error("the key is gone")
	}
	// A new file is taken, by any mask that covers it.
	for i, paths := range [][]string{nil, {"gcp"}, {"gcp.service_account_key"}, {"gcp.serviceAccountKey.json"}, {"*"}} {
		id := "new" + string(rune('a'+i))
		patch := patchGCP(serviceAccountKey(keyFile(map[string]any{"private_key_id": id})))
		patch.GetGcp().ProjectId = "my-project"
		after, err := s.update(t, patch, paths...)
		if err != nil || after.GetGcp().GetServiceAccountKey().GetPrivateKeyId() != id || got().GetServiceAccountKey().GetPrivateKeyId() != id {
			t.Errorf("an update of %q: %v, %v", paths, after, err)
		}
	}
	// Output-only fields are not taken from anyone.
	forged := func(p *accountsv1.GcpProject) {
		p.Credentials = &accountsv1.GcpProject_ServiceAccountKey{ServiceAccountKey: &accountsv1.GcpServiceAccountKey{ClientEmail: "forged@x.iam.gserviceaccount.com"}}
	}
	if after := update(forged, "gcp.service_account_key"); after.GetServiceAccountKey().GetClientEmail() != key.GetClientEmail() {
		t.Errorf("forged: %v", after)
	}
	// Other credentials drop the secret for good.
	update(ambient, "gcp.service_account_key")
	_, err := s.update(t, patchGCP(serviceAccountKey("")), "gcp.service_account_key")
	wantInvalid(t, err, "account.gcp.service_account_key.json")
	other := patchGCP(ambient)
	other.GetGcp().ProjectId = "other-project"
	_, err = s.update(t, other)
	wantInvalid(t, err, "account.gcp.project_id")
}
