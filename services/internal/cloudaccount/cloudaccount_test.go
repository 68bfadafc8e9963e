package cloudaccount_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

func TestOf(t *testing.T) {
	for name, test := range map[string]struct {
		account                *accountsv1.Account
		text, signIn, identity string
		method                 string
		source                 string
		regions                []string
	}{
		"aws default": {
			account: &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{AccountId: "100000000001"}}},
			text:    "AWS account 100000000001", signIn: "default credentials", method: "AWS_DEFAULT",
		},
		"aws role": {
			account: &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{
				AccountId: "100000000001", Regions: []string{"eu-west-1", "us-east-1"},
				Credentials: &accountsv1.AwsAccount_AssumeRole{AssumeRole: &accountsv1.AwsAssumeRole{
					RoleArn: "arn:aws:iam::100000000001:role/rollcall", SourceAccount: "accounts/hub",
				}},
			}}},
			text: "AWS account 100000000001", signIn: "role rollcall", method: "AWS_ASSUME_ROLE",
			identity: "arn:aws:iam::100000000001:role/rollcall", source: "accounts/hub", regions: []string{"eu-west-1", "us-east-1"},
		},
		"gcp key": {
			account: &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{
				ProjectId: "my-project",
				Credentials: &accountsv1.GcpProject_ServiceAccountKey{
					ServiceAccountKey: &accountsv1.GcpServiceAccountKey{ClientEmail: "a@b.iam.gserviceaccount.com"},
				},
			}}},
			text: "Google Cloud project my-project", signIn: "key of a@b.iam.gserviceaccount.com",
			method: "GCP_SERVICE_ACCOUNT_KEY", identity: "a@b.iam.gserviceaccount.com",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := cloudaccount.Of(test.account)
			if !ok {
				t.Fatal("the account's cloud was not recognized")
			}
			if got.String() != test.text || got.SignIn() != test.signIn || got.Identity != test.identity ||
				got.Method.Name != test.method || got.Source != test.source || !slices.Equal(got.Regions, test.regions) {
				t.Errorf("Of() = %s, %q, %q, %s, %v", got, got.SignIn(), got.Identity, got.Method.Name, got.Regions)
			}
		})
	}
	if _, ok := cloudaccount.Of(&accountsv1.Account{}); ok {
		t.Error("an account without a cloud was recognized")
	}
}

func TestNew(t *testing.T) {
	d, _ := registry.Find(cloud.GCP)
	got := cloudaccount.New(d, "my-project")
	want := &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{
		ProjectId:   "my-project",
		Credentials: &accountsv1.GcpProject_ApplicationDefault{ApplicationDefault: &accountsv1.GcpApplicationDefault{}},
	}}}
	if !proto.Equal(got, want) {
		t.Errorf("New() = %v, want %v", got, want)
	}
}

func TestSetRegions(t *testing.T) {
	account := &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{Regions: []string{"eu-west-1"}}}}
	if path := cloudaccount.SetRegions(account, []string{"us-east-1"}); path != "aws.regions" {
		t.Errorf("path = %q", path)
	}
	if got := account.GetAws().GetRegions(); !slices.Equal(got, []string{"us-east-1"}) {
		t.Errorf("regions = %v", got)
	}
	if path := cloudaccount.SetRegions(&accountsv1.Account{}, nil); path != "" {
		t.Errorf("path without a cloud = %q", path)
	}
}

func TestCredentials(t *testing.T) {
	response := &accountsv1.GetCredentialsResponse{Cloud: &accountsv1.GetCredentialsResponse_Aws{Aws: &accountsv1.AwsCredentials{
		AccountId: "100000000001",
		Method: &accountsv1.AwsCredentials_AccessKey{AccessKey: &accountsv1.AwsAccessKey{
			AccessKeyId: "AKIA", SecretAccessKey: "hush",
		}},
	}}}
	method, settings, secret, ok := cloudaccount.Credentials(response)
	if !ok || method.Name != "AWS_ACCESS_KEY" || len(settings) != 1 || settings["access_key_id"] != "AKIA" || secret != "hush" {
		t.Errorf("Credentials() = %s, %v, %d bytes, %v", method.Name, settings, len(secret), ok)
	}
	for name, response := range map[string]*accountsv1.GetCredentialsResponse{
		"no cloud":  {},
		"no method": {Cloud: &accountsv1.GetCredentialsResponse_Aws{Aws: &accountsv1.AwsCredentials{}}},
	} {
		if _, _, _, ok := cloudaccount.Credentials(response); ok {
			t.Errorf("%s: credentials were read", name)
		}
	}
}
