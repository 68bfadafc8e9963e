package cli

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

type createAccount struct {
	Aws createAWSAccount `cmd:"" help:"An AWS account."`
}

type createAWSAccount struct {
	AccountID string `arg:"" help:"The AWS account id, 12 digits."`

	ID           string            `help:"The id on the roll. Default: aws- and the account id." placeholder:"ID"`
	DisplayName  string            `help:"What people call it." placeholder:"NAME"`
	RoleARN      string            `name:"role-arn" help:"Role to assume in the account. Without it the server's own default credentials are used." placeholder:"ARN"`
	ExternalID   string            `help:"External id that the role's trust policy asks for." placeholder:"ID"`
	Regions      []string          `help:"Regions to read, with commas between. Default: all that are enabled." placeholder:"REGION"`
	Label        map[string]string `help:"Mark it, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
	SyncInterval time.Duration     `help:"How long after one sync the next is due. Default: the server's." placeholder:"DURATION"`
	Paused       bool              `help:"Do not sync it by the schedule."`
}

// Run puts an AWS account on the roll.
func (c *createAWSAccount) Run(ctx context.Context, s *session) error {
	aws := &accountsv1.AwsAccount{AccountId: c.AccountID, Regions: c.Regions}
	switch {
	case c.RoleARN != "":
		aws.Credentials = &accountsv1.AwsAccount_AssumeRole{
			AssumeRole: &accountsv1.AwsAssumeRole{RoleArn: c.RoleARN, ExternalId: c.ExternalID},
		}
	case c.ExternalID != "":
		return advise("give --role-arn too, or leave --external-id out", "an external id is for a role, and no role is given")
	default:
		aws.Credentials = &accountsv1.AwsAccount_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
	}
	account := &accountsv1.Account{
		DisplayName: c.DisplayName, Labels: c.Label, Paused: c.Paused, Cloud: &accountsv1.Account_Aws{Aws: aws},
	}
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
	name := id(accountsCollection, created.GetName())
	if created.GetPaused() {
		fmt.Fprintf(s.out, "%s is on the roll, paused.\n", clean(name))
	} else {
		fmt.Fprintf(s.out, "%s is on the roll and will be synced soon.\n", clean(name))
	}
	fmt.Fprintf(s.err, "Sync it now: %s\n", s.errStyle.bold("rollcall sync "+clean(name)))
	return nil
}

type updateAccount struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`

	DisplayName        *string           `help:"What people call it." placeholder:"NAME"`
	RoleARN            *string           `name:"role-arn" xor:"credentials" help:"Role to assume in the account." placeholder:"ARN"`
	ExternalID         *string           `help:"External id for the role." placeholder:"ID"`
	DefaultCredentials bool              `xor:"credentials" help:"Use the server's own default credentials."`
	Regions            []string          `xor:"regions" help:"Regions to read, with commas between." placeholder:"REGION"`
	AllRegions         bool              `xor:"regions" help:"Read all regions that are enabled."`
	Label              map[string]string `help:"Set a mark, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
	RemoveLabel        []string          `help:"Remove a mark by its key; may be repeated." placeholder:"KEY"`
	SyncInterval       *time.Duration    `help:"How long after one sync the next is due; 0: the server's default." placeholder:"DURATION"`
	Paused             *bool             `negatable:"" help:"Do not sync it by the schedule, or do so again."`
	Etag               string            `help:"Only when the account still has this etag." placeholder:"ETAG"`
}

// Run changes an account. What is given is laid over what the account holds; its etag makes sure that nobody else's
// change is lost on the way.
func (c *updateAccount) Run(ctx context.Context, s *session) error {
	account, err := s.accounts().GetAccount(ctx, &accountsv1.GetAccountRequest{Name: resource(accountsCollection, c.Name)})
	if err != nil {
		return err
	}
	if c.Etag != "" {
		account.Etag = c.Etag
	}
	mask, err := c.apply(account)
	if err != nil {
		return err
	}
	if len(mask) == 0 {
		return advise("see rollcall accounts update --help", "nothing to change was given")
	}
	updated, err := s.accounts().UpdateAccount(ctx, &accountsv1.UpdateAccountRequest{
		Account: account, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask},
	})
	if err != nil {
		return err
	}
	return s.showAccount(updated)
}

// apply lays what was given over the account and returns the paths of the fields it changed.
func (c *updateAccount) apply(a *accountsv1.Account) (mask []string, err error) {
	if c.DisplayName != nil {
		a.DisplayName, mask = *c.DisplayName, append(mask, "display_name")
	}
	if c.Paused != nil {
		a.Paused, mask = *c.Paused, append(mask, "paused")
	}
	if c.SyncInterval != nil {
		mask = append(mask, "sync_interval")
		a.SyncInterval = nil
		if *c.SyncInterval != 0 {
			a.SyncInterval = durationpb.New(*c.SyncInterval)
		}
	}
	if len(c.Label) > 0 || len(c.RemoveLabel) > 0 {
		mask = append(mask, "labels")
		labels := maps.Clone(a.GetLabels())
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, c.Label)
		for _, key := range c.RemoveLabel {
			delete(labels, key)
		}
		a.Labels = labels
	}
	aws, err := c.applyAWS(a.GetAws())
	return append(mask, aws...), err
}

func (c *updateAccount) applyAWS(aws *accountsv1.AwsAccount) (mask []string, err error) {
	given := len(c.Regions) > 0 || c.AllRegions || c.RoleARN != nil || c.ExternalID != nil || c.DefaultCredentials
	if !given {
		return nil, nil
	}
	if aws == nil {
		return nil, advise("leave --regions, --role-arn, --external-id and --default-credentials out", "%s is no AWS account", c.Name)
	}
	if len(c.Regions) > 0 || c.AllRegions {
		aws.Regions, mask = c.Regions, append(mask, "aws.regions")
	}
	if c.DefaultCredentials {
		aws.Credentials = &accountsv1.AwsAccount_DefaultCredentials{DefaultCredentials: &accountsv1.AwsDefaultCredentials{}}
		return append(mask, "aws.default_credentials"), nil
	}
	if c.RoleARN == nil && c.ExternalID == nil {
		return mask, nil
	}
	role := aws.GetAssumeRole()
	if role == nil {
		role = &accountsv1.AwsAssumeRole{}
	}
	if c.RoleARN != nil {
		role.RoleArn = *c.RoleARN
	}
	if c.ExternalID != nil {
		role.ExternalId = *c.ExternalID
	}
	aws.Credentials = &accountsv1.AwsAccount_AssumeRole{AssumeRole: role}
	return append(mask, "aws.assume_role"), nil
}

type deleteAccount struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`
	Etag string `help:"Only when the account still has this etag." placeholder:"ETAG"`
	Yes  bool   `short:"y" help:"Do not ask."`
}

// Run takes an account off the roll.
func (c *deleteAccount) Run(ctx context.Context, s *session) error {
	name := resource(accountsCollection, c.Name)
	if !c.Yes {
		if err := s.confirm(fmt.Sprintf("Take %s off the roll, with all its instances? Nothing is touched in the cloud.", clean(name))); err != nil {
			return err
		}
	}
	if _, err := s.accounts().DeleteAccount(ctx, &accountsv1.DeleteAccountRequest{Name: name, Etag: c.Etag}); err != nil {
		return err
	}
	if s.format == formatTable {
		fmt.Fprintf(s.out, "%s is off the roll. Its instances leave it with the next round of discovery.\n", clean(id(accountsCollection, name)))
	}
	return nil
}

// confirm asks a question that only "y" or "yes" agrees to. With nobody there to answer it fails.
func (s *session) confirm(question string) error {
	file, ok := s.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return advise("add --yes", "nobody is there to be asked")
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil {
		return advise("", "not done: no answer")
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	default:
		return advise("", "not done")
	}
}
