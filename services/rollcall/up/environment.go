package up

import (
	"context"
	"errors"
	"os"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryaws "github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	discoverygcp "github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	descriptor "github.com/rollcall-dev/rollcall/services/internal/cloud"
	cloudaws "github.com/rollcall-dev/rollcall/services/internal/cloud/aws"
	cloudgcp "github.com/rollcall-dev/rollcall/services/internal/cloud/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// found is what the environment holds of one cloud: an account that its credentials open, credentials that can't be used,
// or neither.
type found struct {
	cloud *descriptor.Descriptor
	// provider as people call it.
	provider string
	// account is nil when there is none; what says which it is and as whom it is read.
	account *accountsv1.Account
	what    string
	// refused says why credentials can't be used; variables are those of the environment that name them.
	refused   error
	variables []string
}

// lookAround looks for credentials of both clouds at once.
func lookAround(ctx context.Context) []found {
	lookers := []func(context.Context) found{lookForAWS, lookForGoogle}
	seen := make([]chan found, len(lookers))
	for i, look := range lookers {
		seen[i] = make(chan found, 1)
		go func() { seen[i] <- look(ctx) }()
	}
	all := make([]found, 0, len(lookers))
	for _, one := range seen {
		all = append(all, <-one)
	}
	return all
}

func lookForAWS(ctx context.Context) found {
	f := newFound(cloudaws.Descriptor())
	identity, err := discoveryaws.Detect(ctx)
	if err != nil {
		f.refuse(err, discoveryaws.ErrNoCredentials)
		return f
	}
	f.accept(identity.AccountID, identity.ARN)
	f.account.DisplayName = "AWS " + identity.AccountID
	return f
}

func lookForGoogle(ctx context.Context) found {
	f := newFound(cloudgcp.Descriptor())
	identity, err := discoverygcp.Detect(ctx, discoverygcp.Config{})
	if err != nil {
		f.refuse(err, discoverygcp.ErrNoCredentials)
		return f
	}
	f.accept(identity.ProjectID, identity.Principal)
	return f
}

// newFound begins to look for credentials of a cloud.
func newFound(d *descriptor.Descriptor) found {
	return found{cloud: d, provider: d.Name, variables: set(d.Environment.Credentials...)}
}

// accept records that the credentials open an account of the cloud, and as whom.
func (f *found) accept(id, principal string) {
	f.what = f.cloud.Account.Noun + " " + id + ", read as " + principal
	f.account = cloudaccount.New(f.cloud, id)
	f.account.DisplayName = id
}

// refuse takes an error for a refusal, unless it says that there is nothing and no variable speaks against it: when none
// come of those that a variable names, that is a mistake to be told, and no reason to show the demo.
func (f *found) refuse(err, none error) {
	if !errors.Is(err, none) || len(f.variables) > 0 {
		f.refused = err
	}
}

// tell says that there are credentials, and why they are of no use.
func (f found) tell(tell *teller) {
	failure, ok := errors.AsType[*fault.Error](f.refused)
	if !ok {
		tell.warn("The environment names %s credentials (%s), but none come of it: %v", f.provider, strings.Join(f.variables, ", "), f.refused)
		tell.warn("Mend or unset that and start again; or ROLLCALL_DEMO=on shows the demo company.")
		return
	}
	tell.warn("%s credentials were found and can't be used: %s", f.provider, failure.Message)
	if failure.Remedy != "" {
		tell.warn("What to do: %s", failure.Remedy)
	}
	tell.warn("No account was put on the roll for them. Start again when that is mended; or ROLLCALL_DEMO=on shows the demo company.")
}

// set are those of the variables that have a value.
func set(variables ...string) (names []string) {
	for _, name := range variables {
		if os.Getenv(name) != "" {
			names = append(names, name)
		}
	}
	return names
}
