package app_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
)

const roleARN = "arn:aws:iam::100000000001:role/team/rollcall"

// full returns the request to create an account with every setting.
func full() *accountsv1.CreateAccountRequest {
	return &accountsv1.CreateAccountRequest{
		AccountId: "payments",
		Account: &accountsv1.Account{
			DisplayName:  "Payments 💳",
			Labels:       map[string]string{"team": `"quoted", new` + "\nline 🦊", "env": strings.Repeat("é", 256), "empty": ""},
			Paused:       true,
			SyncInterval: durationpb.New(90*time.Second + 5*time.Microsecond),
			Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{
				AccountId: "100000000001",
				Regions:   []string{"eu-west-1", "us-gov-east-1"},
				Credentials: &accountsv1.AwsAccount_AssumeRole{AssumeRole: &accountsv1.AwsAssumeRole{
					RoleArn: roleARN, ExternalId: "outside-world",
				}},
			}},
		},
	}
}

func TestCreate_StoresEverySetting(t *testing.T) {
	t.Parallel()
	s := start(t)
	sent := full()
	// What only the server says is ignored when a client says it.
	sent.Account.Name = "accounts/ignored"
	sent.Account.Provider = commonv1.Provider_GCP
	sent.Account.Etag = "ignored"
	sent.Account.CreateTime = timestamppb.New(time.Unix(0, 0))
	sent.Account.Connection = &accountsv1.Connection{Status: accountsv1.Connection_CONNECTED}

	created := s.create(t, sent)
	if created.GetEtag() == "" || created.GetEtag() == "ignored" || created.GetCreateTime().AsTime().Year() < 2000 ||
		!proto.Equal(created.GetCreateTime(), created.GetUpdateTime()) {
		t.Errorf("etag %q, created %v, updated %v", created.GetEtag(), created.GetCreateTime(), created.GetUpdateTime())
	}
	want := proto.CloneOf(full().GetAccount())
	want.Name, want.Provider, want.Etag = "accounts/payments", commonv1.Provider_AWS, created.GetEtag()
	want.CreateTime, want.UpdateTime = created.GetCreateTime(), created.GetUpdateTime()
	want.Connection = &accountsv1.Connection{Status: accountsv1.Connection_UNKNOWN}
	if !proto.Equal(created, want) {
		t.Errorf("created %v\nwant %v", created, want)
	}
	if read := s.get(t, "accounts/payments"); !proto.Equal(read, want) {
		t.Errorf("read %v\nwant %v", read, want)
	}
}

func TestCreate_Defaults(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("000000000042"))
	if account.GetName() != "accounts/aws-000000000042" || account.GetDisplayName() != "000000000042" {
		t.Errorf("named %s, called %s", account.GetName(), account.GetDisplayName())
	}
	if account.GetAws().GetDefaultCredentials() == nil {
		t.Errorf("credentials %v, want the default chain", account.GetAws())
	}
	if account.GetSyncInterval() != nil || len(account.GetLabels()) != 0 || len(account.GetAws().GetRegions()) != 0 {
		t.Errorf("something was made up: %v", account)
	}
}

func TestCreate_AlreadyExists(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.create(t, full())
	s.create(t, aws("100000000002"))

	sameCloud := aws("100000000001")
	sameID := aws("100000000003")
	sameID.AccountId = "payments"
	both := aws("100000000002") // payments' name, and the other's account
	both.AccountId = "payments"
	for name, c := range map[string]struct {
		req             *accountsv1.CreateAccountRequest
		message, holder string
	}{
		"cloud id":           {sameCloud, "AWS account 100000000001 exists already: accounts/payments", "accounts/payments"},
		"id":                 {sameID, "the name accounts/payments is taken by AWS account 100000000001; choose another account_id", "accounts/payments"},
		"both, of two":       {both, "AWS account 100000000002 exists already: accounts/aws-100000000002", "accounts/aws-100000000002"},
		"the same once more": {aws("100000000002"), "AWS account 100000000002 exists already: accounts/aws-100000000002", "accounts/aws-100000000002"},
	} {
		_, err := s.accounts.CreateAccount(t.Context(), c.req)
		r := wantRefusal(t, err, codes.AlreadyExists, "ACCOUNT_EXISTS")
		if r.message != c.message || r.metadata["name"] != c.holder {
			t.Errorf("%s: %q about %v", name, r.message, r.metadata)
		}
	}
	if n := s.list(t, &accountsv1.ListAccountsRequest{}).GetTotalSize(); n != 2 {
		t.Errorf("%d accounts exist, want 2", n)
	}
}

func TestCreate_InvalidSettings(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct {
		change func(*accountsv1.CreateAccountRequest)
		field  string
	}{
		"no account":       {func(r *accountsv1.CreateAccountRequest) { r.Account = nil }, "account"},
		"no cloud":         {func(r *accountsv1.CreateAccountRequest) { r.Account.Cloud = nil }, "account.cloud"},
		"11 digits":        {func(r *accountsv1.CreateAccountRequest) { r.Account.GetAws().AccountId = "10000000001" }, "account.aws.account_id"},
		"letters":          {func(r *accountsv1.CreateAccountRequest) { r.Account.GetAws().AccountId = "10000000000a" }, "account.aws.account_id"},
		"Arabic digits":    {func(r *accountsv1.CreateAccountRequest) { r.Account.GetAws().AccountId = "١٠٠٠٠٠٠٠٠٠٠١" }, "account.aws.account_id"},
		"id with capitals": {func(r *accountsv1.CreateAccountRequest) { r.AccountId = "Payments" }, "account_id"},
		"id with newline":  {func(r *accountsv1.CreateAccountRequest) { r.AccountId = "pay\n" }, "account_id"},
		"id too long":      {func(r *accountsv1.CreateAccountRequest) { r.AccountId = strings.Repeat("a", 64) }, "account_id"},
		"region":           {func(r *accountsv1.CreateAccountRequest) { r.Account.GetAws().Regions = []string{"everywhere"} }, "account.aws.regions[0]"},
		"short interval":   {func(r *accountsv1.CreateAccountRequest) { r.Account.SyncInterval = durationpb.New(time.Second) }, "account.sync_interval"},
		"label key":        {func(r *accountsv1.CreateAccountRequest) { r.Account.Labels = map[string]string{"Team": "x"} }, `account.labels["Team"]`},
		"NUL in a label":   {func(r *accountsv1.CreateAccountRequest) { r.Account.Labels = map[string]string{"team": "x\x00"} }, "account.labels.team"},
		"NUL in the name":  {func(r *accountsv1.CreateAccountRequest) { r.Account.DisplayName = "a\x00b" }, "account.display_name"},
		"no role": {func(r *accountsv1.CreateAccountRequest) {
			r.Account.GetAws().GetAssumeRole().RoleArn = "rollcall"
		}, "account.aws.assume_role.role_arn"},
		"another account's role": {func(r *accountsv1.CreateAccountRequest) {
			r.Account.GetAws().GetAssumeRole().RoleArn = "arn:aws:iam::100000000009:role/rollcall"
		}, "account.aws.assume_role.role_arn"},
		"external id": {func(r *accountsv1.CreateAccountRequest) {
			r.Account.GetAws().GetAssumeRole().ExternalId = "no blanks"
		}, "account.aws.assume_role.external_id"},
	} {
		t.Run(name, func(t *testing.T) {
			req := full()
			c.change(req)
			_, err := s.accounts.CreateAccount(t.Context(), req)
			wantInvalid(t, err, c.field)
		})
	}
	if n := s.list(t, &accountsv1.ListAccountsRequest{}).GetTotalSize(); n != 0 {
		t.Errorf("%d accounts were stored", n)
	}
}

func TestMissingAccount_NotFound(t *testing.T) {
	t.Parallel()
	s := start(t)
	const name = "accounts/nobody"
	_, err := s.accounts.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: name})
	wantRefusal(t, err, codes.NotFound, "NOT_FOUND")
	_, err = s.update(t, &accountsv1.Account{Name: name, Paused: true})
	wantRefusal(t, err, codes.NotFound, "NOT_FOUND")
	_, err = s.accounts.DeleteAccount(t.Context(), &accountsv1.DeleteAccountRequest{Name: name})
	wantRefusal(t, err, codes.NotFound, "NOT_FOUND")
	_, err = s.connections.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: name})
	wantRefusal(t, err, codes.NotFound, "NOT_FOUND")
	_, err = s.connections.UpdateConnectionStatus(t.Context(), syncing(name, 1, time.Minute))
	if r := wantRefusal(t, err, codes.NotFound, "NOT_FOUND"); r.metadata["name"] != name {
		t.Errorf("about %v", r.metadata)
	}
	_, err = s.accounts.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: "accounts/"})
	wantInvalid(t, err, "name")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.create(t, full())
	if _, err := s.connections.UpdateConnectionStatus(t.Context(), syncing(first.GetName(), 9, time.Minute)); err != nil {
		t.Fatal(err)
	}
	changed, err := s.update(t, &accountsv1.Account{Name: first.GetName(), DisplayName: "x"}, "display_name")
	if err != nil {
		t.Fatal(err)
	}

	drop := func(etag string) error {
		_, err := s.accounts.DeleteAccount(t.Context(), &accountsv1.DeleteAccountRequest{Name: first.GetName(), Etag: etag})
		return err
	}
	wantRefusal(t, drop(first.GetEtag()), codes.Aborted, "ETAG_MISMATCH")
	if err := drop(changed.GetEtag()); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, drop(""), codes.NotFound, "NOT_FOUND")

	again := s.create(t, full())
	if again.GetConnection().GetStatus() != accountsv1.Connection_UNKNOWN {
		t.Errorf("a new account begins as %v", again.GetConnection())
	}
	wantRefusal(t, drop(changed.GetEtag()), codes.Aborted, "ETAG_MISMATCH")
	wantRefusal(t, drop(first.GetEtag()), codes.Aborted, "ETAG_MISMATCH")
	if err := drop(""); err != nil {
		t.Errorf("without an etag: %v", err)
	}
}
