package app_test

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
)

// patch returns an account to send in an update of payments, the account of full.
func patch(account *accountsv1.Account) *accountsv1.Account {
	account.Name = "accounts/payments"
	return account
}

// patchAWS returns a patch of its AWS settings.
func patchAWS(aws *accountsv1.AwsAccount) *accountsv1.Account {
	return patch(&accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: aws}})
}

var (
	defaultChain = &accountsv1.AwsAccount_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
	otherRole    = "arn:aws-us-gov:iam::100000000001:role/other"
)

// updates lists updates of the account of full and their results.
var updates = map[string]struct {
	patch *accountsv1.Account
	paths []string
	want  func(*accountsv1.Account)
}{
	"one field": {
		patch(&accountsv1.Account{DisplayName: "x", Labels: map[string]string{"ignored": "yes"}}), []string{"display_name"},
		func(a *accountsv1.Account) { a.DisplayName = "x" },
	},
	"JSON names": {
		patch(&accountsv1.Account{SyncInterval: durationpb.New(time.Hour)}), []string{"displayName", "syncInterval", "aws.assumeRole.externalId"},
		func(a *accountsv1.Account) {
			// The external id stays: a role is never left without one that it had.
			a.DisplayName, a.SyncInterval = "100000000001", durationpb.New(time.Hour)
		},
	},
	"cleared": {
		patch(&accountsv1.Account{}), []string{"labels", "paused", "sync_interval", "aws.regions"},
		func(a *accountsv1.Account) {
			a.Labels, a.Paused, a.SyncInterval, a.GetAws().Regions = nil, false, nil, nil
		},
	},
	"one label set, one dropped": {
		patch(&accountsv1.Account{Labels: map[string]string{"team": "new", "env": "ignored"}}), []string{"labels.team", "labels.empty"},
		func(a *accountsv1.Account) {
			a.Labels["team"] = "new"
			delete(a.Labels, "empty")
		},
	},
	"no mask: what is set": {
		patch(&accountsv1.Account{
			DisplayName: "x", Labels: map[string]string{"only": "this"},
			Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{Regions: []string{"eu-west-3"}}},
		}), nil,
		func(a *accountsv1.Account) {
			a.DisplayName, a.Labels, a.GetAws().Regions = "x", map[string]string{"only": "this"}, []string{"eu-west-3"}
		},
	},
	"no mask: other credentials": {
		patchAWS(&accountsv1.AwsAccount{Credentials: defaultChain}), nil,
		func(a *accountsv1.Account) { a.GetAws().Credentials = defaultChain },
	},
	"a field of the credentials": {
		patchAWS(&accountsv1.AwsAccount{Credentials: &accountsv1.AwsAccount_AssumeRole{
			AssumeRole: &accountsv1.AwsAssumeRole{RoleArn: otherRole},
		}}), []string{"aws.assume_role.role_arn"},
		func(a *accountsv1.Account) { a.GetAws().GetAssumeRole().RoleArn = otherRole },
	},
	"the credentials as a whole": {
		patchAWS(&accountsv1.AwsAccount{Credentials: &accountsv1.AwsAccount_AssumeRole{
			AssumeRole: &accountsv1.AwsAssumeRole{RoleArn: otherRole},
		}}), []string{"aws.assume_role"},
		func(a *accountsv1.Account) {
			a.GetAws().GetAssumeRole().RoleArn = otherRole
		},
	},
	"the other credentials, which are not held": {
		patchAWS(&accountsv1.AwsAccount{}), []string{"aws.default_credentials"},
		func(*accountsv1.Account) {},
	},
	"credentials taken away": {
		patchAWS(&accountsv1.AwsAccount{}), []string{"aws.assume_role"},
		func(a *accountsv1.Account) { a.GetAws().Credentials = defaultChain },
	},
	"the cloud account as a whole, but for its id": {
		patchAWS(&accountsv1.AwsAccount{Regions: []string{"eu-west-3"}, Credentials: defaultChain}), []string{"aws"},
		func(a *accountsv1.Account) {
			a.GetAws().Regions, a.GetAws().Credentials = []string{"eu-west-3"}, defaultChain
		},
	},
	"everything": {
		patchAWS(&accountsv1.AwsAccount{AccountId: "100000000001"}), []string{"*"},
		func(a *accountsv1.Account) {
			a.DisplayName, a.Labels, a.Paused, a.SyncInterval = "100000000001", nil, false, nil
			a.Cloud = &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{AccountId: "100000000001", Credentials: defaultChain}}
		},
	},
	"what only the server says": {
		patch(&accountsv1.Account{
			Paused: false, Provider: commonv1.Provider_GCP, Connection: &accountsv1.Connection{Status: accountsv1.Connection_CONNECTED},
		}), []string{"paused", "name", "provider", "connection", "connection.status", "create_time", "update_time", "etag"},
		func(a *accountsv1.Account) { a.Paused = false },
	},
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range updates {
		t.Run(name, func(t *testing.T) {
			before := s.create(t, full())
			defer s.drop(t, before.GetName())
			after, err := s.update(t, c.patch, c.paths...)
			if err != nil {
				t.Fatal(err)
			}
			want := proto.CloneOf(before)
			c.want(want)
			if changed := !proto.Equal(want, before); changed != (after.GetEtag() != before.GetEtag()) ||
				changed != after.GetUpdateTime().AsTime().After(before.GetUpdateTime().AsTime()) {
				t.Errorf("changed %v, but the etag went from %s to %s and the update time from %v to %v", changed,
					before.GetEtag(), after.GetEtag(), before.GetUpdateTime().AsTime(), after.GetUpdateTime().AsTime())
			}
			want.Etag, want.UpdateTime = after.GetEtag(), after.GetUpdateTime()
			if !proto.Equal(after, want) {
				t.Errorf("updated %v\nwant    %v", after, want)
			}
			if read := s.get(t, before.GetName()); !proto.Equal(read, after) {
				t.Errorf("read    %v\nwant    %v", read, after)
			}
		})
	}
}

// TestUpdate_FieldOfOtherCredentials clears a field of credentials that the account does not have.
func TestUpdate_FieldOfOtherCredentials(t *testing.T) {
	t.Parallel()
	s := start(t)
	before := s.create(t, aws("100000000001"))
	after, err := s.update(t, &accountsv1.Account{Name: before.GetName()}, "aws.assume_role.external_id")
	if err != nil || !proto.Equal(after, before) {
		t.Errorf("became %v, %v", after, err)
	}
}

func (s *service) drop(t *testing.T, name string) {
	t.Helper()
	if _, err := s.accounts.DeleteAccount(t.Context(), &accountsv1.DeleteAccountRequest{Name: name}); err != nil {
		t.Error(err)
	}
}

func TestUpdate_Invalid(t *testing.T) {
	t.Parallel()
	s := start(t)
	before := s.create(t, full())
	for name, c := range map[string]struct {
		patch *accountsv1.Account
		paths []string
		field string
	}{
		"unknown path":           {patch(&accountsv1.Account{}), []string{"colour"}, "update_mask"},
		"path below a value":     {patch(&accountsv1.Account{}), []string{"display_name.first"}, "update_mask"},
		"path below a list":      {patch(&accountsv1.Account{}), []string{"aws.regions.0"}, "update_mask"},
		"path into a duration":   {patch(&accountsv1.Account{}), []string{"sync_interval.seconds"}, "update_mask"},
		"unknown path of output": {patch(&accountsv1.Account{}), []string{"connection.colour"}, "update_mask"},
		"empty path":             {patch(&accountsv1.Account{}), []string{""}, "update_mask"},
		"path that ends in dot":  {patch(&accountsv1.Account{}), []string{"labels."}, "update_mask"},
		"star and more":          {patch(&accountsv1.Account{}), []string{"*", "paused"}, "update_mask"},
		"no account":             {nil, []string{"paused"}, "account.name"},
		"no name":                {&accountsv1.Account{}, []string{"paused"}, "account.name"},
		"bad name":               {&accountsv1.Account{Name: "accounts/A"}, []string{"paused"}, "account.name"},
		"another account id":     {patchAWS(&accountsv1.AwsAccount{AccountId: "100000000002", Credentials: defaultChain}), nil, "account.aws.account_id"},
		"everything but a cloud": {patch(&accountsv1.Account{DisplayName: "x"}), []string{"*"}, "account.cloud"},
		"bad region":             {patchAWS(&accountsv1.AwsAccount{Regions: []string{"x"}}), nil, "account.aws.regions[0]"},
		"region twice":           {patchAWS(&accountsv1.AwsAccount{Regions: []string{"eu-west-1", "eu-west-1"}}), nil, "account.aws.regions"},
		"bad label":              {patch(&accountsv1.Account{Labels: map[string]string{"A": "x"}}), []string{"labels.A"}, `account.labels["A"]`},
		"endless interval":       {patch(&accountsv1.Account{SyncInterval: durationpb.New(200 * time.Hour)}), nil, "account.sync_interval"},
		"role taken away":        {patchAWS(&accountsv1.AwsAccount{}), []string{"aws.assume_role.role_arn"}, "account.aws.assume_role.role_arn"},
		"foreign role": {patchAWS(&accountsv1.AwsAccount{Credentials: &accountsv1.AwsAccount_AssumeRole{
			AssumeRole: &accountsv1.AwsAssumeRole{RoleArn: "arn:aws:iam::100000000002:role/x"},
		}}), nil, "account.aws.assume_role.role_arn"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.update(t, c.patch, c.paths...)
			wantInvalid(t, err, c.field)
			if after := s.get(t, "accounts/payments"); !proto.Equal(after, before) {
				t.Errorf("something was written: %v", after)
			}
		})
	}
}

func TestUpdate_Etag(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.create(t, full())
	send := func(etag, displayName string) (*accountsv1.Account, error) {
		return s.update(t, patch(&accountsv1.Account{Etag: etag, DisplayName: displayName}), "display_name")
	}
	second, err := send(first.GetEtag(), "second")
	if err != nil {
		t.Fatal(err)
	}
	_, err = send(first.GetEtag(), "third")
	if r := wantRefusal(t, err, codes.Aborted, "ETAG_MISMATCH"); r.metadata["name"] != first.GetName() {
		t.Errorf("about %v", r.metadata)
	}
	if _, err := send(second.GetEtag(), "third"); err != nil {
		t.Errorf("with the new etag: %v", err)
	}
	if _, err := send("", "fourth"); err != nil {
		t.Errorf("without an etag: %v", err)
	}
}

// TestUpdate_Concurrent sends many updates with the same etag, of which one succeeds, and then many
// updates of one field each, which all succeed.
func TestUpdate_Concurrent(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, full())
	const writers = 8
	errs := make([]error, writers)
	inParallel(writers, func(i int) {
		_, errs[i] = s.update(t, patch(&accountsv1.Account{Etag: account.GetEtag(), Labels: map[string]string{"winner": string(rune('a' + i))}}), "labels")
	})
	var winner string
	for i, err := range errs {
		switch {
		case err != nil:
			wantRefusal(t, err, codes.Aborted, "ETAG_MISMATCH")
		case winner != "":
			t.Error("two writers won")
		default:
			winner = string(rune('a' + i))
		}
	}
	if got := s.get(t, account.GetName()).GetLabels()["winner"]; got != winner || got == "" {
		t.Errorf("stored %q, and the response for %q was a success", got, winner)
	}

	inParallel(writers, func(i int) {
		key := "l" + string(rune('a'+i))
		_, errs[i] = s.update(t, patch(&accountsv1.Account{Labels: map[string]string{key: "here"}}), "labels."+key)
	})
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if got := s.get(t, account.GetName()).GetLabels(); len(got) != writers+1 {
		t.Errorf("an update was lost: %v", got)
	}
}

// inParallel runs n calls of f at once.
func inParallel(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func TestCreate_Concurrent(t *testing.T) {
	t.Parallel()
	s := start(t)
	const writers = 8
	errs := make([]error, writers)
	inParallel(writers, func(i int) {
		_, errs[i] = s.accounts.CreateAccount(t.Context(), aws("100000000001"))
	})
	created := 0
	for _, err := range errs {
		if err == nil {
			created++
			continue
		}
		wantRefusal(t, err, codes.AlreadyExists, "ACCOUNT_EXISTS")
	}
	if created != 1 {
		t.Errorf("created %d times", created)
	}
}

// TestUpdate_KeepsConnection changes credentials and regions: the state of the connection stays,
// even while a sync runs.
func TestUpdate_KeepsConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, full())
	s.take(t, finished(account.GetName(), 1, failed(time.Now())))
	want := s.take(t, syncing(account.GetName(), 2, time.Minute))
	after, err := s.update(t, patchAWS(&accountsv1.AwsAccount{
		Regions: []string{"eu-west-1"}, Credentials: defaultChain,
	}), "aws")
	if err != nil {
		t.Fatal(err)
	}
	wantConnection(t, after.GetConnection(), want)
	if !after.GetUpdateTime().AsTime().After(account.GetUpdateTime().AsTime()) {
		t.Error("discovery can't tell that a sync is due: the update time stayed")
	}
}
