package up

import (
	"context"
	"fmt"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryaws "github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	discoverygcp "github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// source is where the instances come from: the user's clouds or the demo.
type source struct {
	// description is for people.
	description string
	// accounts are the accounts that `up` added: it reports the result of their first sync.
	accounts []*accountsv1.Account
	// aws is the configuration of discovery for AWS.
	aws discoveryaws.Config
	// gcp is that for Google Cloud, and tokenHosts the hosts that key files may contain.
	gcp        discoverygcp.Config
	tokenHosts keyfile.Hosts
}

// chooseSource decides between the user's clouds and the demo, and adds or deletes accounts
// accordingly. The demo's accounts exist only while the demo runs, because their syncs would fail
// without it.
//
//	ROLLCALL_DEMO  credentials in the environment  existing accounts      read
//	on             -                               -                      the demo
//	off            -                               -                      the user's accounts
//	auto           accepted by a cloud             -                      their accounts, one for each cloud, and the user's
//	auto           refused by all clouds           -                      the user's accounts
//	auto           none                            some of the user       the user's accounts
//	auto           none                            none except the demo   the demo
func (r *run) chooseSource(ctx context.Context) error {
	r.source.tokenHosts = r.cfg.AllowedTokenHosts
	existing, err := r.services.accountStore.all(ctx)
	if err != nil {
		return err
	}
	demoAccounts, own := split(existing)
	switch r.cfg.Demo {
	case DemoOn:
		return r.showDemo(ctx, existing, own, "because ROLLCALL_DEMO=on")
	case DemoOff:
		r.source.description = "the accounts that you added (ROLLCALL_DEMO=off)"
		return r.endDemo(ctx, demoAccounts)
	}
	environment := detectCredentials(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.chooseByEnvironment(ctx, environment, existing, demoAccounts, own)
}

// chooseByEnvironment decides according to the credentials in the environment.
func (r *run) chooseByEnvironment(ctx context.Context, environment []detected, existing, demoAccounts, own []*accountsv1.Account) error {
	var refused []string
	usable := false
	for _, d := range environment {
		usable = usable || d.account != nil
		if d.err != nil {
			refused = append(refused, d.cloud.Name)
			d.warn(r.out)
		}
	}
	switch {
	case usable:
		return r.showOwn(ctx, own, demoAccounts, environment)
	case len(refused) > 0:
		r.source.description = "the accounts that you added; the " + strings.Join(refused, " and ") + " credentials in the environment can't be used"
		return r.endDemo(ctx, demoAccounts)
	case len(own) > 0:
		r.source.description = "the accounts that you added; there are no credentials of a cloud in the environment"
		return r.endDemo(ctx, demoAccounts)
	default:
		return r.showDemo(ctx, existing, own, "because the environment has no credentials of a cloud ("+exampleVariables()+" …)")
	}
}

// showDemo starts the demo and adds its accounts.
func (r *run) showDemo(ctx context.Context, existing, own []*accountsv1.Account, why string) error {
	d, err := startDemo()
	if err != nil {
		return err
	}
	r.life.Start(ctx, "the demo company", d.app.Run)
	if len(own) > 0 {
		r.out.warn("While the demo runs, your own %s can't be read; their instances stay as last seen.", humanize.Count(len(own), "account"))
	}
	for _, wanted := range d.accounts() {
		account, err := r.services.accountStore.add(ctx, existing, wanted)
		if err != nil {
			return err
		}
		if isDemo(account) {
			r.source.accounts = append(r.source.accounts, account)
		}
	}
	r.source.aws = d.aws()
	if r.source.gcp, err = d.gcp(); err != nil {
		return err
	}
	if r.source.tokenHosts, err = d.tokenHosts(r.cfg.AllowedTokenHosts); err != nil {
		return err
	}
	r.source.description = fmt.Sprintf("a simulated demo company with %s, %s", humanize.Count(len(r.source.accounts), "account"), why)
	return nil
}

// endDemo deletes the demo's accounts.
func (r *run) endDemo(ctx context.Context, demo []*accountsv1.Account) error {
	if len(demo) == 0 {
		return nil
	}
	r.out.step("Deleting the %s of the demo.", humanize.Count(len(demo), "account"))
	return r.services.accountStore.remove(ctx, demo)
}

// showOwn adds the accounts of the credentials in the environment.
func (r *run) showOwn(ctx context.Context, own, demo []*accountsv1.Account, environment []detected) error {
	if err := r.endDemo(ctx, demo); err != nil {
		return err
	}
	var descriptions []string
	for _, d := range environment {
		if d.account == nil {
			continue
		}
		account, err := r.services.accountStore.add(ctx, own, d.account)
		if err != nil {
			return err
		}
		r.source.accounts = append(r.source.accounts, account)
		descriptions = append(descriptions, d.description)
	}
	r.source.description = strings.Join(descriptions, "; ")
	return nil
}
