package up

import (
	"context"
	"fmt"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryaws "github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	discoverygcp "github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// cloud is what is read in this life of `up`.
type cloud struct {
	// what it is, for people.
	what string
	// accounts are those that `up` answers for: it tells how their first sync goes.
	accounts []*accountsv1.Account
	// aws is how discovery reaches AWS.
	aws discoveryaws.Config
	// gcp is how it reaches Google Cloud, and tokenHosts what key files may name there.
	gcp        discoverygcp.Config
	tokenHosts keyfile.Hosts
}

// chooseCloud decides between the user's own cloud, the demo and nothing, and settles the roll accordingly: the demo's
// accounts are on it exactly while the demo runs, for without it they could only fail.
//
//	ROLLCALL_DEMO  credentials here      on the roll             what is read
//	on             -                     -                       the demo
//	off            -                     -                       what the user put on the roll
//	auto           taken by a cloud      -                       their accounts, one of each cloud, and what else is on the roll
//	auto           refused by all        -                       what the user put on the roll
//	auto           none                  accounts of the user's  those: the demo would stand between them and their cloud
//	auto           none                  nothing but the demo    the demo
func (r *run) chooseCloud(ctx context.Context) error {
	r.cloud.tokenHosts = r.cfg.AllowedTokenHosts
	held, err := r.services.roll.all(ctx)
	if err != nil {
		return err
	}
	demoAccounts, own := split(held)
	switch r.cfg.Demo {
	case DemoOn:
		return r.showDemo(ctx, held, own, "because ROLLCALL_DEMO=on")
	case DemoOff:
		r.cloud.what = "what is on the roll; nothing is put there by itself (ROLLCALL_DEMO=off)"
		return r.endDemo(ctx, demoAccounts)
	}
	around := lookAround(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.settle(ctx, around, held, demoAccounts, own)
}

// settle decides by what the environment holds.
func (r *run) settle(ctx context.Context, around []found, held, demoAccounts, own []*accountsv1.Account) error {
	var refused []string
	usable := false
	for _, f := range around {
		usable = usable || f.account != nil
		if f.refused != nil {
			refused = append(refused, f.provider)
			f.tell(r.tell)
		}
	}
	switch {
	case usable:
		return r.showOwn(ctx, own, demoAccounts, around)
	case len(refused) > 0:
		r.cloud.what = "what is on the roll; the " + strings.Join(refused, " and ") + " credentials of the environment can't be used"
		return r.endDemo(ctx, demoAccounts)
	case len(own) > 0:
		r.cloud.what = "what is on the roll; there are no credentials of a cloud in the environment"
		return r.endDemo(ctx, demoAccounts)
	default:
		return r.showDemo(ctx, held, own, "because no credentials of a cloud were found here (AWS_PROFILE, AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS …)")
	}
}

// showDemo starts the demo and puts its accounts on the roll.
func (r *run) showDemo(ctx context.Context, held, own []*accountsv1.Account, why string) error {
	d, err := startDemo()
	if err != nil {
		return err
	}
	r.open.run(ctx, "the demo company", d.app.Run)
	if len(own) > 0 {
		r.tell.warn("While the demo is on, your own %s on the roll can't be read: what is known of them stays as it is.", count(len(own), "account"))
	}
	for _, wanted := range d.accounts() {
		account, err := r.services.roll.add(ctx, held, wanted)
		if err != nil {
			return err
		}
		if isDemo(account) {
			r.cloud.accounts = append(r.cloud.accounts, account)
		}
	}
	r.cloud.aws = d.aws()
	if r.cloud.gcp, err = d.gcp(); err != nil {
		return err
	}
	if r.cloud.tokenHosts, err = d.tokenHosts(r.cfg.AllowedTokenHosts); err != nil {
		return err
	}
	r.cloud.what = fmt.Sprintf("a simulated demo company with %s, %s", count(len(r.cloud.accounts), "account"), why)
	return nil
}

// endDemo takes the demo's accounts off the roll.
func (r *run) endDemo(ctx context.Context, demo []*accountsv1.Account) error {
	if len(demo) == 0 {
		return nil
	}
	r.tell.step("Taking the demo's %s off the roll.", count(len(demo), "account"))
	return r.services.roll.remove(ctx, demo)
}

// showOwn puts the accounts of the environment's credentials on the roll.
func (r *run) showOwn(ctx context.Context, own, demo []*accountsv1.Account, around []found) error {
	if err := r.endDemo(ctx, demo); err != nil {
		return err
	}
	var what []string
	for _, f := range around {
		if f.account == nil {
			continue
		}
		account, err := r.services.roll.add(ctx, own, f.account)
		if err != nil {
			return err
		}
		r.cloud.accounts = append(r.cloud.accounts, account)
		what = append(what, f.what)
	}
	r.cloud.what = strings.Join(what, "; ")
	return nil
}
