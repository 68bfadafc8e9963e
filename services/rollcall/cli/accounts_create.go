package cli

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

type createAccount struct {
	Aws createAWSAccount `cmd:"" help:"An AWS account."`
	Gcp createGCPAccount `cmd:"" help:"A Google Cloud project."`
}

// newAccount are the settings of a new account in any cloud.
type newAccount struct {
	ID           string            `help:"The id on the roll. Default: the cloud and its own id, such as aws-100000000001." placeholder:"ID"`
	DisplayName  string            `help:"What people call it." placeholder:"NAME"`
	Regions      []string          `help:"Regions to read, with commas between. Default: all there are." placeholder:"REGION"`
	Label        map[string]string `help:"Mark it, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
	SyncInterval time.Duration     `help:"How long after one sync the next is due. Default: the server's." placeholder:"DURATION"`
	Paused       bool              `help:"Do not sync it by the schedule."`
	ReadOnly     bool              `help:"Have nothing in it started or stopped, whoever asks."`
}

type createAWSAccount struct {
	AccountID string `arg:"" help:"The AWS account id, 12 digits."`

	newAccount
	AWS awsSignIn `embed:"" group:"Sign in"`
}

// Help is the end of --help.
func (createAWSAccount) Help() string {
	return `Without --role-arn or --access-key-id the server's own default credentials are used.

The secret of an access key is never given as a flag, where others could read it: it is taken from a file, from standard
input, from AWS_SECRET_ACCESS_KEY when AWS_ACCESS_KEY_ID is that key's id, or asked for.

What the credentials must be allowed to do is in "rollcall accounts setup-guide".`
}

// Run puts an AWS account on the roll.
func (c *createAWSAccount) Run(ctx context.Context, s *session) error {
	aws := &accountsv1.AwsAccount{AccountId: c.AccountID, Regions: c.Regions}
	if _, err := c.AWS.apply(s, aws, !c.AWS.given()); err != nil {
		return err
	}
	return c.create(ctx, s, &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: aws}})
}

type createGCPAccount struct {
	ProjectID string `arg:"" name:"project" help:"The project id."`

	newAccount
	GCP gcpSignIn `embed:"" group:"Sign in"`
}

// Help is the end of --help.
func (createGCPAccount) Help() string {
	return `Without a way to sign in the server's own application default credentials are used.

What the credentials must be allowed to do is in "rollcall accounts setup-guide".`
}

// Run puts a Google Cloud project on the roll.
func (c *createGCPAccount) Run(ctx context.Context, s *session) error {
	gcp := &accountsv1.GcpProject{ProjectId: c.ProjectID, Regions: c.Regions}
	if _, err := c.GCP.apply(s, gcp, !c.GCP.given()); err != nil {
		return err
	}
	return c.create(ctx, s, &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: gcp}})
}

// create puts the account on the roll, and says what to do next.
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
		fmt.Fprintf(s.out, "%s is on the roll, paused.\n", name)
	} else {
		fmt.Fprintf(s.out, "%s is on the roll and will be synced soon.\n", name)
	}
	if external := created.GetAws().GetAssumeRole().GetExternalId(); external != "" {
		fmt.Fprintf(s.out, "Its role's trust policy must ask for the external id %s\n", s.outStyle.bold(clean(external)))
	}
	fmt.Fprintf(s.err, "Set it up in the cloud: %s\n", s.errStyle.bold("rollcall accounts setup-guide "+name))
	fmt.Fprintf(s.err, "Try its credentials:    %s\n", s.errStyle.bold("rollcall accounts verify "+name))
	fmt.Fprintf(s.err, "Sync it now:            %s\n", s.errStyle.bold("rollcall sync "+name))
	return nil
}
