package app_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
)

func (r *rollcall) verify(name string) *discoveryv1.VerifyAccountResponse {
	r.t.Helper()
	response, err := r.discovery.VerifyAccount(r.t.Context(), &discoveryv1.VerifyAccountRequest{Name: name})
	if err != nil {
		r.t.Fatal(err)
	}
	return response
}

// byKey makes the account be read with the access key of its user.
func (r *rollcall) byKey(account *accountsv1.Account) {
	key := r.aws.Key(account.GetAws().GetAccountId())
	account.GetAws().Credentials = &accountsv1.AwsAccount_AccessKey{AccessKey: &accountsv1.AwsAccessKey{
		AccessKeyId: key.AccessKeyID, SecretAccessKey: key.Secret,
	}}
}

func TestVerify_Account(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	cloudID := r.aws.Accounts()[1]
	account := r.add(cloudID)
	got := r.verify(account.GetName())
	if !strings.Contains(got.GetPrincipal(), "assumed-role/rollcall/") || got.GetCloudAccountId() != cloudID || !got.GetAccountMatches() || got.GetReason() != "" {
		t.Errorf("good credentials are %v", got)
	}
	needed := 0
	for _, p := range got.GetPermissions() {
		if !p.GetOptional() {
			needed++
			if p.GetStatus() != discoveryv1.VerifyAccountResponse_Permission_HAVE {
				t.Errorf("%v", p)
			}
		}
	}
	if needed != 8 {
		t.Errorf("%d of 8 permissions were tried: %v", needed, got.GetPermissions())
	}

	// Credentials without a permission are refused with its name.
	r.aws.PutRole(cloudID, simaws.Role{Name: "rollcall", Deny: []string{"rds:DescribeDBClusters"}})
	got = r.verify(account.GetName())
	if !got.GetAccountMatches() || got.GetReason() != "PERMISSION_DENIED" || !strings.Contains(got.GetError(), "rds:DescribeDBClusters") ||
		strings.Contains(got.GetError(), "StartInstances") || got.GetRemedy() == "" {
		t.Errorf("with a permission lacking it is %v", got)
	}

	// A refusal is an answer too.
	r.aws.PutRole(cloudID, simaws.Role{Name: "rollcall", ExternalID: "another"})
	if _, err := r.accounts.UpdateAccount(t.Context(), &accountsv1.UpdateAccountRequest{Account: &accountsv1.Account{
		Name: account.GetName(), Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{
			AccountId: cloudID, Credentials: &accountsv1.AwsAccount_AssumeRole{AssumeRole: &accountsv1.AwsAssumeRole{
				RoleArn: simaws.RoleARN(cloudID, "rollcall"), ExternalId: "wrong",
			}},
		}},
	}}); err != nil {
		t.Fatal(err)
	}
	got = r.verify(account.GetName())
	if got.GetAccountMatches() || got.GetCloudAccountId() != "" || got.GetReason() != "PERMISSION_DENIED" || got.GetError() == "" ||
		!strings.Contains(got.GetRemedy(), `external id "wrong"`) || len(got.GetPermissions()) != 0 {
		t.Errorf("a role that is not to be assumed is %v", got)
	}

	_, err := r.discovery.VerifyAccount(t.Context(), &discoveryv1.VerifyAccountRequest{Name: "accounts/nobody"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("an account that is not in the inventory: %v", err)
	}
}

// Credentials of another account are refused with its id, and no permission is tried.
func TestVerify_AccountMismatch(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	mine, other := r.aws.Accounts()[0], r.aws.Accounts()[1]
	account := r.add(other, func(a *accountsv1.Account) { a.GetAws().Credentials = nil })
	got := r.verify(account.GetName())
	if got.GetAccountMatches() || got.GetCloudAccountId() != mine || got.GetReason() != "ACCOUNT_MISMATCH" ||
		!strings.Contains(got.GetPrincipal(), mine) || got.GetRemedy() == "" || len(got.GetPermissions()) != 0 {
		t.Errorf("credentials of another account are %v", got)
	}
}

// Accounts with an access key, and accounts whose role another account assumes, are read. A key
// that is revoked during a sync fails only the accounts that depend on it, and its secret appears
// nowhere.
func TestSync_CredentialsRevoked(t *testing.T) {
	t.Parallel()
	world := small()
	world.aws.Accounts = 3
	logs := &lines{}
	r := start(t, world, func(config *app.Config) {
		config.Out = logs
		config.Level = -8 // Below debug.
	})
	ids := r.aws.Accounts()
	keyed := r.add(ids[1], r.byKey)
	r.aws.PutRole(ids[2], simaws.Role{Name: "rollcall", Trusts: ids[1:2]})
	chained := r.add(ids[2], func(a *accountsv1.Account) { a.GetAws().GetAssumeRole().SourceAccount = keyed.GetName() })
	bystander := r.add(ids[0])
	for _, account := range []*accountsv1.Account{keyed, chained, bystander} {
		r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
		r.wantTruth(account)
	}
	before := len(r.instances(keyed.GetName()))

	key := r.aws.Key(ids[1])
	remove := r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: ids[1], Action: "DescribeInstances"}, Kind: cloudsim.Revoked})
	r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: ids[1], Service: "rds"}, Kind: cloudsim.Revoked})
	if run := r.sync(keyed.GetName()); run.GetErrorReason() != "CREDENTIALS_INVALID" {
		t.Errorf("a key that is revoked in mid-sync: %v", run)
	}
	remove()
	r.aws.RevokeKey(key.AccessKeyID)
	got := r.verify(keyed.GetName())
	if got.GetReason() != "CREDENTIALS_INVALID" || !strings.Contains(got.GetRemedy(), key.AccessKeyID) {
		t.Errorf("a key that was revoked is %v", got)
	}
	r.connection(keyed.GetName(), accountsv1.Connection_FAILED)
	if after := len(r.instances(keyed.GetName())); after != before {
		t.Errorf("%d instances in the inventory, %d before", after, before)
	}
	if run := r.sync(bystander.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
		t.Errorf("the other account's run is %v", run)
	}
	r.connection(bystander.GetName(), accountsv1.Connection_CONNECTED)

	r.aws.RestoreKey(key.AccessKeyID)
	r.world.ClearFaults()
	if run := r.sync(keyed.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
		t.Errorf("with the key good again: %v", run)
	}
	r.stopDiscovery()
	if text := logs.String(); !strings.Contains(text, "CREDENTIALS_INVALID") || strings.Contains(text, key.Secret) {
		t.Error("the log omits what happened, or contains the secret")
	}
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
