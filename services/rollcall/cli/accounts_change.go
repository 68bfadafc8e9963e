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
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

type updateAccount struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`

	DisplayName        *string           `help:"Display name." placeholder:"NAME"`
	DefaultCredentials bool              `help:"Sign in with the default credentials of the server."`
	Regions            []string          `xor:"regions" help:"Regions to read, separated by commas." placeholder:"REGION"`
	AllRegions         bool              `xor:"regions" help:"Read all regions."`
	Label              map[string]string `help:"Set a label, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
	RemoveLabel        []string          `help:"Remove a label by its key; may be repeated." placeholder:"KEY"`
	SyncInterval       *time.Duration    `help:"Time from one sync to the next; 0 for the default of the server." placeholder:"DURATION"`
	Paused             *bool             `negatable:"" help:"Stop syncing by schedule, or resume it."`
	ReadOnly           *bool             `negatable:"" help:"Forbid starting and stopping its instances, or allow it again."`
	Etag               string            `help:"Change the account only if it still has this etag." placeholder:"ETAG"`

	AWS awsSignIn `embed:"" group:"AWS"`
	GCP gcpSignIn `embed:"" group:"Google Cloud"`
}

// Run changes an account: it reads the account, sets the given fields and writes it back. The etag
// of the account prevents it from overwriting a concurrent change.
func (c *updateAccount) Run(ctx context.Context, s *session) error {
	account, err := s.accounts().GetAccount(ctx, &accountsv1.GetAccountRequest{Name: resource(accountsCollection, c.Name)})
	if err != nil {
		return err
	}
	if c.Etag != "" {
		account.Etag = c.Etag
	}
	mask, err := c.apply(s, account)
	if err != nil {
		return err
	}
	if len(mask) == 0 {
		return advise("give at least one setting; see rollcall accounts update --help", "there is nothing to change")
	}
	updated, err := s.accounts().UpdateAccount(ctx, &accountsv1.UpdateAccountRequest{
		Account: account, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask},
	})
	if err != nil {
		return err
	}
	return s.showAccount(updated)
}

// apply sets the given fields of the account and returns their paths.
func (c *updateAccount) apply(s *session, a *accountsv1.Account) (mask []string, err error) {
	if c.DisplayName != nil {
		a.DisplayName, mask = *c.DisplayName, append(mask, "display_name")
	}
	if c.Paused != nil {
		a.Paused, mask = *c.Paused, append(mask, "paused")
	}
	if c.ReadOnly != nil {
		a.ReadOnly, mask = *c.ReadOnly, append(mask, "read_only")
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
	cloud, err := c.applyCloud(s, a)
	return append(mask, cloud...), err
}

// applyCloud sets the given fields that depend on the cloud and returns their paths.
func (c *updateAccount) applyCloud(s *session, a *accountsv1.Account) (mask []string, err error) {
	account, ok := cloudaccount.Of(a)
	if !ok {
		return nil, advise("use a newer version of this program", "this program does not know the cloud of %s", c.Name)
	}
	var own signInFlags
	for _, flags := range c.signIns() {
		if c.DefaultCredentials && flags.given() {
			return nil, advise("remove --default-credentials, or the flags of the other sign-in method", "two sign-in methods were given")
		}
		if flags.provider() == account.Cloud.Provider {
			own = flags
			continue
		}
		if other, ok := registry.Find(flags.provider()); ok && flags.given() {
			return nil, advise("remove the flags of "+other.Name, "%s is not an account of %s", c.Name, other.Name)
		}
	}
	if len(c.Regions) > 0 || c.AllRegions {
		mask = appendSet(mask, cloudaccount.SetRegions(a, c.Regions))
	}
	if own == nil {
		return mask, nil
	}
	path, err := own.apply(s, a, c.DefaultCredentials)
	return appendSet(mask, path), err
}

// signIns lists the sign-in flags of all clouds.
func (c *updateAccount) signIns() []signInFlags { return []signInFlags{&c.AWS, &c.GCP} }

// appendSet appends item unless it is empty.
func appendSet(list []string, item string) []string {
	if item == "" {
		return list
	}
	return append(list, item)
}

type deleteAccount struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`
	Etag string `help:"Delete the account only if it still has this etag." placeholder:"ETAG"`
	Yes  bool   `short:"y" help:"Do not ask for confirmation."`
}

// Run deletes an account.
func (c *deleteAccount) Run(ctx context.Context, s *session) error {
	name := resource(accountsCollection, c.Name)
	if !c.Yes {
		if err := s.confirm(fmt.Sprintf("Delete %s and its instances from Rollcall? Nothing changes in the cloud.", clean(name))); err != nil {
			return err
		}
	}
	if _, err := s.accounts().DeleteAccount(ctx, &accountsv1.DeleteAccountRequest{Name: name, Etag: c.Etag}); err != nil {
		return err
	}
	if s.format == formatTable {
		fmt.Fprintf(s.out, "%s was deleted. Discovery removes its instances soon.\n", clean(id(accountsCollection, name)))
	}
	return nil
}

// confirm asks a question. It fails unless the answer is "y" or "yes", and if standard input is not
// a terminal.
func (s *session) confirm(question string) error {
	file, ok := s.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return advise("add --yes to confirm", "this command needs a confirmation, and standard input is not a terminal")
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil {
		return advise("", "cancelled: there was no answer")
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	default:
		return advise("", "cancelled")
	}
}
