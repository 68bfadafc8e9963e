package cli

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

type createAccount struct {
	Aws createAWSAccount `cmd:"" help:"Add an AWS account."`
	Gcp createGCPAccount `cmd:"" help:"Add a Google Cloud project."`
}

// newAccount has the settings of a new account in any cloud.
type newAccount struct {
	ID           string            `help:"Id of the account in Rollcall. Default: the cloud and its id there, such as aws-100000000001." placeholder:"ID"`
	DisplayName  string            `help:"Display name." placeholder:"NAME"`
	Regions      []string          `help:"Regions to read, separated by commas. Default: all regions." placeholder:"REGION"`
	Label        map[string]string `help:"Label, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
	SyncInterval time.Duration     `help:"Time from one sync to the next. Default: that of the server." placeholder:"DURATION"`
	Paused       bool              `help:"Do not sync it by schedule."`
	ReadOnly     bool              `help:"Forbid starting and stopping its instances."`
}

type createAWSAccount struct {
	AccountID string `arg:"" help:"The AWS account id, 12 digits."`

	newAccount
	AWS awsSignIn `embed:"" group:"Sign in"`
}

// Help returns the end of the help text.
func (createAWSAccount) Help() string {
	return `Without --role-arn or --access-key-id, Rollcall uses the default credentials of the server.

The secret of an access key can't be given as a flag, because other users could read it there. It is read from a file,
from standard input, or from AWS_SECRET_ACCESS_KEY if AWS_ACCESS_KEY_ID is the id of the key; otherwise you are asked
for it.

For the permissions that the credentials need, see "rollcall accounts setup-guide".`
}

// Run adds an AWS account.
func (c *createAWSAccount) Run(ctx context.Context, s *session) error {
	account := &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{AccountId: c.AccountID, Regions: c.Regions}}}
	if _, err := c.AWS.apply(s, account, !c.AWS.given()); err != nil {
		return err
	}
	return c.create(ctx, s, account)
}

type createGCPAccount struct {
	ProjectID string `arg:"" name:"project" help:"The id of the project."`

	newAccount
	GCP gcpSignIn `embed:"" group:"Sign in"`
}

// Help returns the end of the help text.
func (createGCPAccount) Help() string {
	return `Without a sign-in method, Rollcall uses the application default credentials of the server.

For the permissions that the credentials need, see "rollcall accounts setup-guide".`
}

// Run adds a Google Cloud project.
func (c *createGCPAccount) Run(ctx context.Context, s *session) error {
	account := &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{ProjectId: c.ProjectID, Regions: c.Regions}}}
	if _, err := c.GCP.apply(s, account, !c.GCP.given()); err != nil {
		return err
	}
	return c.create(ctx, s, account)
}

// create adds the account and prints the next steps.
func (c *newAccount) create(ctx context.Context, s *session, account *accountsv1.Account) error {
	account.DisplayName, account.Labels, account.Paused, account.ReadOnly = c.DisplayName, c.Label, c.Paused, c.ReadOnly
	if c.SyncInterval != 0 {
		account.SyncInterval = durationpb.New(c.SyncInterval)
	}
	created, err := s.accounts().CreateAccount(ctx, &accountsv1.CreateAccountRequest{Account: account, AccountId: id(accountsCollection, c.ID)})
	if err != nil {
		return err
	}
	if s.format != formatTable {
		return printMessage(s.out, s.format, created)
	}
	name := clean(id(accountsCollection, created.GetName()))
	if created.GetPaused() {
		fmt.Fprintf(s.out, "%s was added and is paused.\n", name)
	} else {
		fmt.Fprintf(s.out, "%s was added. Its first sync starts soon.\n", name)
	}
	if external := created.GetAws().GetAssumeRole().GetExternalId(); external != "" {
		fmt.Fprintf(s.out, "The trust policy of its role must require the external id %s\n", s.outStyle.bold(clean(external)))
	}
	fmt.Fprintf(s.err, "Set it up in the cloud:  %s\n", s.errStyle.bold("rollcall accounts setup-guide "+name))
	fmt.Fprintf(s.err, "Check its credentials:   %s\n", s.errStyle.bold("rollcall accounts verify "+name))
	fmt.Fprintf(s.err, "Sync it now:             %s\n", s.errStyle.bold("rollcall sync "+name))
	return nil
}
