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
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

type updateAccount struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`

	DisplayName        *string           `help:"What people call it." placeholder:"NAME"`
	DefaultCredentials bool              `help:"Sign in with the server's own default credentials."`
	Regions            []string          `xor:"regions" help:"Regions to read, with commas between." placeholder:"REGION"`
	AllRegions         bool              `xor:"regions" help:"Read all regions that there are."`
	Label              map[string]string `help:"Set a mark, KEY=VALUE; may be repeated." placeholder:"KEY=VALUE" mapsep:"none"`
	RemoveLabel        []string          `help:"Remove a mark by its key; may be repeated." placeholder:"KEY"`
	SyncInterval       *time.Duration    `help:"How long after one sync the next is due; 0: the server's default." placeholder:"DURATION"`
	Paused             *bool             `negatable:"" help:"Do not sync it by the schedule, or do so again."`
	ReadOnly           *bool             `negatable:"" help:"Have nothing in it started or stopped, or allow that again."`
	Etag               string            `help:"Only when the account still has this etag." placeholder:"ETAG"`

	AWS awsSignIn `embed:"" group:"AWS"`
	GCP gcpSignIn `embed:"" group:"Google Cloud"`
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
	mask, err := c.apply(s, account)
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

// signInFlags are the flags of the ways to sign in to one cloud.
type signInFlags interface {
	// given reports whether any of the flags is set.
	given() bool
	// applyTo changes an account of the cloud and returns the path of the changed field, "" if no flag is set.
	// With defaults the account signs in with the server's own default credentials.
	applyTo(s *session, a *accountsv1.Account, defaults bool) (path string, err error)
}

// applyCloud applies the flags of the cloud and of the way to sign in to the account.
func (c *updateAccount) applyCloud(s *session, a *accountsv1.Account) (mask []string, err error) {
	flags := map[cloud.Provider]signInFlags{cloud.AWS: &c.AWS, cloud.GCP: &c.GCP}
	account, ok := cloudaccount.Of(a)
	if !ok {
		return nil, advise("use a newer version of rollcall", "%s is an account of a cloud that this version does not know", c.Name)
	}
	for _, d := range registry.All() {
		switch other, ok := flags[d.Provider]; {
		case !ok || !other.given():
		case c.DefaultCredentials:
			return nil, advise("leave --default-credentials out, or the other way to sign in", "two ways to sign in were given")
		case d != account.Cloud:
			return nil, advise("leave the flags of "+d.Name+" out", "%s is no %s", c.Name, d.Account.Noun)
		}
	}
	if len(c.Regions) > 0 || c.AllRegions {
		mask = append(mask, cloudaccount.SetRegions(a, c.Regions))
	}
	own, ok := flags[account.Cloud.Provider]
	if !ok {
		return mask, nil
	}
	path, err := own.applyTo(s, a, c.DefaultCredentials)
	return appendSet(mask, path), err
}

// appendSet appends what is not empty.
func appendSet(list []string, item string) []string {
	if item == "" {
		return list
	}
	return append(list, item)
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
