package app_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

// secretKey is the secret access key of these tests.
const secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzTESTSECRET"

// privateKey is an RSA key for all tests, as PEM, because making one takes long.
var privateKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// toJSON returns a JSON object with members and changes; nil removes a member.
func toJSON(members, changes map[string]any) string {
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// keyFile returns the key file of a service account of my-project.
func keyFile(changes map[string]any) string {
	return toJSON(map[string]any{
		"type": "service_account", "project_id": "my-project", "private_key_id": "4f9a", "private_key": privateKey(),
		"client_email": "rollcall@my-project.iam.gserviceaccount.com", "client_id": "1",
		"token_uri": "https://oauth2.googleapis.com/token",
	}, changes)
}

// federationFile returns a configuration of workload identity federation.
func federationFile(changes map[string]any) string {
	return toJSON(map[string]any{
		"type": "external_account", "audience": audience, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"token_url": "https://sts.googleapis.com/v1/token", "client_id": "id", "client_secret": "federationTESTSECRET",
		"credential_source": map[string]any{"url": "http://169.254.169.254/metadata/identity/oauth2/token?resource=x"},
	}, changes)
}

const audience = "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/providers/azure"

// withKey returns an account with an access key.
func withKey(accountID, keyID, secret string) *accountsv1.CreateAccountRequest {
	req := aws(accountID)
	req.Account.GetAws().Credentials = accessKey(keyID, secret)
	return req
}

func accessKey(keyID, secret string) *accountsv1.AwsAccount_AccessKey {
	return &accountsv1.AwsAccount_AccessKey{AccessKey: &accountsv1.AwsAccessKey{AccessKeyId: keyID, SecretAccessKey: secret}}
}

// withRole returns an account with a role; source may be empty.
func withRole(accountID, source string) *accountsv1.CreateAccountRequest {
	req := aws(accountID)
	req.Account.GetAws().Credentials = &accountsv1.AwsAccount_AssumeRole{AssumeRole: &accountsv1.AwsAssumeRole{
		RoleArn: "arn:aws:iam::" + accountID + ":role/rollcall", SourceAccount: source,
	}}
	return req
}

// gcp returns a project; the credentials are made by the functions below.
func gcp(project string, credentials func(*accountsv1.GcpProject)) *accountsv1.CreateAccountRequest {
	p := &accountsv1.GcpProject{ProjectId: project}
	credentials(p)
	return &accountsv1.CreateAccountRequest{Account: &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: p}}}
}

func ambient(*accountsv1.GcpProject) {}

func serviceAccountKey(file string) func(*accountsv1.GcpProject) {
	return func(p *accountsv1.GcpProject) {
		p.Credentials = &accountsv1.GcpProject_ServiceAccountKey{ServiceAccountKey: &accountsv1.GcpServiceAccountKey{Json: file}}
	}
}

func federation(file string) func(*accountsv1.GcpProject) {
	return func(p *accountsv1.GcpProject) {
		p.Credentials = &accountsv1.GcpProject_WorkloadIdentity{WorkloadIdentity: &accountsv1.GcpWorkloadIdentity{Json: file}}
	}
}

func impersonation(email string) func(*accountsv1.GcpProject) {
	return func(p *accountsv1.GcpProject) {
		p.Credentials = &accountsv1.GcpProject_Impersonation{Impersonation: &accountsv1.GcpImpersonation{ServiceAccount: email}}
	}
}

// patchGCP returns a patch of the account gcp-my-project.
func patchGCP(credentials func(*accountsv1.GcpProject)) *accountsv1.Account {
	account := gcp("", credentials).GetAccount()
	account.Name = "accounts/gcp-my-project"
	return account
}

// signIn returns the credentials that discovery gets for an account.
func (s *service) signIn(t *testing.T, name string) *accountsv1.GetCredentialsResponse {
	t.Helper()
	resp, err := s.connections.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: name})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// TestCreate_ExternalID checks when Rollcall makes an external id, and that it can't be guessed.
func TestCreate_ExternalID(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.create(t, withRole("100000000001", "")).GetAws().GetAssumeRole().GetExternalId()
	second := s.create(t, withRole("100000000002", "")).GetAws().GetAssumeRole().GetExternalId()
	if len(first) < 30 || first == second {
		t.Errorf("minted %q and %q", first, second)
	}
	// Told to leave it out, an update keeps it; got another, it takes that.
	bare := withRole("100000000001", "").GetAccount()
	bare.Name = "accounts/aws-100000000001"
	for _, paths := range [][]string{nil, {"aws.assume_role"}, {"aws.assume_role.external_id"}} {
		kept, err := s.update(t, bare, paths...)
		if err != nil || kept.GetAws().GetAssumeRole().GetExternalId() != first {
			t.Errorf("after an update of %q: %v, %v", paths, kept, err)
		}
	}
	bare.GetAws().GetAssumeRole().ExternalId = "mine"
	changed, err := s.update(t, bare, "aws.assume_role.external_id")
	if err != nil || changed.GetAws().GetAssumeRole().GetExternalId() != "mine" {
		t.Errorf("got another: %v, %v", changed, err)
	}
	// A role that comes later is a new one, too.
	plain := s.create(t, aws("100000000003"))
	later := withRole("100000000003", "").GetAccount()
	later.Name = plain.GetName()
	if got, err := s.update(t, later); err != nil || len(got.GetAws().GetAssumeRole().GetExternalId()) < 30 {
		t.Errorf("a role that came later: %v, %v", got, err)
	}
}

func TestDelete_SourceOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	source := s.create(t, aws("100000000001")).GetName()
	s.create(t, withRole("100000000002", source))
	_, err := s.accounts.DeleteAccount(t.Context(), &accountsv1.DeleteAccountRequest{Name: source})
	if r := wantRefusal(t, err, codes.FailedPrecondition, "ACCOUNT_IN_USE"); r.metadata["name"] != source {
		t.Errorf("about %v", r.metadata)
	}
	s.drop(t, "accounts/aws-100000000002")
	s.drop(t, source)
}

// TestChain signs in to an account through two others.
func TestChain(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.create(t, withKey("100000000001", "AKIAIOSFODNN7EXAMPLE", secretKey))
	s.create(t, withRole("100000000002", "accounts/aws-100000000001"))
	last := withRole("100000000003", "accounts/aws-100000000002")
	last.Account.GetAws().GetAssumeRole().SessionTags = map[string]string{"team": "data", "Größe": "1+1=2 @x"}
	created := s.create(t, last)
	if role := created.GetAws().GetAssumeRole(); role.GetSourceAccount() != "accounts/aws-100000000002" || role.GetSessionTags()["Größe"] != "1+1=2 @x" {
		t.Errorf("created %v", created)
	}

	got := s.signIn(t, created.GetName()).GetAws()
	through, from := got.GetSource(), got.GetSource().GetSource()
	if got.GetAssumeRole().GetSessionTags()["team"] != "data" || through.GetAssumeRole().GetRoleArn() != "arn:aws:iam::100000000002:role/rollcall" ||
		from.GetAccessKey().GetSecretAccessKey() != secretKey || from.GetAccountId() != "100000000001" || from.GetSource() != nil {
		t.Errorf("got %v", got)
	}
}

func TestChain_Invalid(t *testing.T) {
	t.Parallel()
	s := start(t)
	const field = "account.aws.assume_role.source_account"
	s.create(t, gcp("my-project", ambient))
	previous := s.create(t, withRole("100000000001", "")).GetName()
	for i, id := range []string{"100000000002", "100000000003", "100000000004", "100000000005", "100000000006"} {
		req := withRole(id, previous)
		req.AccountId = "link" + string(rune('a'+i))
		previous = s.create(t, req).GetName()
	}
	for name, source := range map[string]string{
		"nobody": "accounts/nobody", "another cloud": "accounts/gcp-my-project", "itself": "accounts/aws-100000000009", "too far": previous,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.accounts.CreateAccount(t.Context(), withRole("100000000009", source))
			wantInvalid(t, err, field)
		})
	}
	circle := withRole("100000000001", "accounts/linka").GetAccount()
	circle.Name = "accounts/aws-100000000001"
	_, err := s.update(t, circle)
	if r := wantInvalid(t, err, field); !strings.Contains(r.message, "circle") {
		t.Error(r.message)
	}
}
