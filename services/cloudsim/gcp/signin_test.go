package gcp_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	crm "google.golang.org/api/cloudresourcemanager/v3"
	iamcredentials "google.golang.org/api/iamcredentials/v1"
	"google.golang.org/api/option"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// wantGrant checks that a token request failed with an OAuth error.
func wantGrant(t *testing.T, source oauth2.TokenSource, code, text string) {
	t.Helper()
	_, err := source.Token()
	retrieve, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(retrieve.Body, &body); err != nil || body.Error != code || !strings.Contains(body.Description, text) {
		t.Errorf("got %s (%v), want %s: …%s…", retrieve.Body, err, code, text)
	}
}

// TestKeyFile signs in with a key until it is revoked, and uses a token until it expires.
func TestKeyFile(t *testing.T) {
	now := time.Now()
	c := serve(t, cloudsim.Config{Now: func() time.Time { return now }})
	source := c.tokens(projectID)
	token, err := source.Token()
	if err != nil || time.Until(token.Expiry) < 50*time.Minute {
		t.Fatal(token, err)
	}
	list := func() error {
		_, err := c.aggregate(&http.Client{Transport: &oauth2.Transport{Source: oauth2.StaticTokenSource(token), Base: c.transport}}, &computepb.AggregatedListInstancesRequest{})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	c.RevokeServiceAccountKey(projectID)
	if err := list(); err != nil {
		t.Errorf("a token outlives its key, and yet: %v", err)
	}
	wantGrant(t, c.tokens(projectID), "invalid_grant", "Invalid JWT Signature")
	c.RestoreServiceAccountKey(projectID)
	c.ExpireTokens(projectID)
	wantReason(t, list(), 401, "authError")
	now = now.Add(2 * time.Hour) // the server's clock is two hours ahead of ours
	wantGrant(t, c.tokens(projectID), "invalid_grant", "reasonable timeframe")
}

// TestKeyFile_Mistakes checks the token endpoint's errors for wrong key files.
func TestKeyFile_Mistakes(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	spoil := func(change func(map[string]string)) oauth2.TokenSource {
		raw, err := c.server.KeyJSON(projectID)
		if err != nil {
			t.Fatal(err)
		}
		var file map[string]string
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
		change(file)
		raw, _ = json.Marshal(file)
		credentials, err := google.CredentialsFromJSONWithType(c.context(), raw, google.ServiceAccount, scope)
		if err != nil {
			t.Fatal(err)
		}
		return credentials.TokenSource
	}
	other, err := c.server.KeyJSON(otherID)
	if err != nil {
		t.Fatal(err)
	}
	var foreign map[string]string
	if err := json.Unmarshal(other, &foreign); err != nil {
		t.Fatal(err)
	}
	wantGrant(t, spoil(func(f map[string]string) { f["private_key"] = foreign["private_key"] }), "invalid_grant", "Invalid JWT Signature")
	wantGrant(t, spoil(func(f map[string]string) { f["private_key_id"] = strings.Repeat("0", 40) }), "invalid_grant", "Invalid JWT Signature")
	wantGrant(t, spoil(func(f map[string]string) { f["client_email"] = "nobody@" + projectID + ".iam.gserviceaccount.com" }), "invalid_grant", "account not found")
	if _, err := c.server.KeyJSON("nowhere-at-all"); !errors.Is(err, gcp.ErrNoProject) {
		t.Errorf("got %v", err)
	}
}

// TestKeyFile_SurvivesRestart checks that worlds with the same seed have the same key.
func TestKeyFile_SurvivesRestart(t *testing.T) {
	plan := cloudsim.Config{Seed: 7, Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: projectID}}}}}
	one, err := gcp.In(cloudsim.New(plan)).ServiceAccount(projectID)
	two, err2 := gcp.In(cloudsim.New(plan)).ServiceAccount(projectID)
	if err != nil || err2 != nil || !one.Key.Equal(two.Key) || one.KeyID != two.KeyID || one.Key.N.BitLen() != 2048 {
		t.Errorf("%v %v: the keys differ", err, err2)
	}
}

// TestImpersonation impersonates a service account of another project, with and without trust.
func TestImpersonation(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	email := gcp.ServiceAccountEmail(projectID, gcp.DefaultServiceAccount)
	service, err := iamcredentials.NewService(t.Context(), option.WithHTTPClient(c.http(otherID)), option.WithEndpoint(c.server.URL+"/"))
	if err != nil {
		t.Fatal(err)
	}
	generate := func(email string) (*iamcredentials.GenerateAccessTokenResponse, error) {
		return service.Projects.ServiceAccounts.GenerateAccessToken("projects/-/serviceAccounts/"+email,
			&iamcredentials.GenerateAccessTokenRequest{Scope: []string{scope}, Lifetime: "600s"}).Do()
	}
	token, err := generate(email)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &oauth2.Transport{
		Source: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token.AccessToken}), Base: c.transport,
	}}
	if got, err := c.aggregate(client, &computepb.AggregatedListInstancesRequest{}); err != nil || len(got.vms) == 0 {
		t.Errorf("%d VMs, %v", len(got.vms), err)
	}
	_, err = generate("nobody@nowhere-at-all.iam.gserviceaccount.com")
	wantReason(t, err, 403, "forbidden")
	c.TrustImpersonators(email, "somebody-else")
	_, err = generate(email)
	wantReason(t, err, 403, "forbidden")
}

// TestWorkloadIdentity signs in with a configuration file without secrets, directly and through a
// service account.
func TestWorkloadIdentity(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	for _, email := range []string{"", gcp.ServiceAccountEmail(projectID, gcp.DefaultServiceAccount)} {
		file, err := c.server.WorkloadIdentityJSON(projectID, email)
		if err != nil {
			t.Fatal(err)
		}
		credentials, err := google.CredentialsFromJSONWithType(c.context(), file, google.ExternalAccount, scope)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &oauth2.Transport{Source: credentials.TokenSource, Base: c.transport}}
		if got, err := c.aggregate(client, &computepb.AggregatedListInstancesRequest{}); err != nil || len(got.vms) == 0 {
			t.Errorf("as %q: %d VMs, %v", email, len(got.vms), err)
		}
		_, err = c.aggregate(client, &computepb.AggregatedListInstancesRequest{Project: otherID})
		wantReason(t, err, 403, "forbidden")
	}
}

// TestDenyPermissions checks a denied permission in a call and in testIamPermissions.
func TestDenyPermissions(t *testing.T) {
	c := serve(t, cloudsim.Config{})
	email := gcp.ServiceAccountEmail(projectID, gcp.DefaultServiceAccount)
	c.DenyPermissions(projectID, email, "compute.instances.list", "cloudsql.*")
	_, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{})
	wantReason(t, err, 403, "forbidden")
	_, err = c.sql(c.http(projectID)).Instances.List(projectID).Do()
	wantReason(t, err, 403, "notAuthorized")

	service, err := crm.NewService(t.Context(), option.WithHTTPClient(c.http(projectID)), option.WithEndpoint(c.server.URL+"/"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := service.Projects.TestIamPermissions("projects/"+projectID, &crm.TestIamPermissionsRequest{
		Permissions: []string{"compute.instances.list", "compute.zones.list", "cloudsql.instances.list"},
	}).Do()
	if err != nil || !slices.Equal(answer.Permissions, []string{"compute.zones.list"}) {
		t.Errorf("%v, %v", answer, err)
	}
	project, err := service.Projects.Get("projects/" + projectID).Do()
	if err != nil || project.ProjectId != projectID {
		t.Errorf("%v, %v", project, err)
	}
	c.AddMember(otherID, email)
	if _, err := c.aggregate(c.http(projectID), &computepb.AggregatedListInstancesRequest{Project: otherID}); err != nil {
		t.Errorf("as a member: %v", err)
	}
}
