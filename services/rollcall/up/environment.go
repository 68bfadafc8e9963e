package up

import (
	"context"
	"errors"
	"os"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryaws "github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	discoverygcp "github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// detected is the result of looking for credentials of one cloud in the environment: an account, an
// error, or neither.
type detected struct {
	cloud *cloud.Descriptor
	// account is the account of the credentials, or nil, and description names it with its
	// identity.
	account     *accountsv1.Account
	description string
	// err is the reason why the credentials can't be used. The variables are those of the
	// environment that refer to credentials.
	err       error
	variables []string
}

// detector returns the id of the account that the credentials in the environment are for, and their
// identity. It returns errNone if there are no credentials.
type detector func(ctx context.Context) (id, identity string, err error)

// errNone means that the environment has no credentials.
var errNone = errors.New("no credentials")

// detectors has a detector for each cloud. A cloud without one is not looked for.
var detectors = map[cloud.Provider]detector{cloud.AWS: detectAWS, cloud.GCP: detectGCP}

// detectCredentials looks for credentials of all clouds concurrently.
func detectCredentials(ctx context.Context) []detected {
	var results []chan detected
	for _, d := range registry.All() {
		detect, ok := detectors[d.Provider]
		if !ok {
			continue
		}
		result := make(chan detected, 1)
		results = append(results, result)
		go func() { result <- detectOne(ctx, d, detect) }()
	}
	all := make([]detected, 0, len(results))
	for _, result := range results {
		all = append(all, <-result)
	}
	return all
}

// detectOne looks for credentials of one cloud. If a variable refers to credentials and there are
// none, that is an error, because the demo would hide the user's mistake.
func detectOne(ctx context.Context, descriptor *cloud.Descriptor, detect detector) detected {
	d := detected{cloud: descriptor, variables: setVariables(descriptor.Environment.Credentials)}
	id, identity, err := detect(ctx)
	switch {
	case err == nil:
		d.account = cloudaccount.New(descriptor, id)
		d.account.DisplayName = displayName(descriptor, id)
		d.description = descriptor.Account.Noun + " " + id + ", read as " + identity
	case !errors.Is(err, errNone) || len(d.variables) > 0:
		d.err = err
	}
	return d
}

// displayName returns a display name for an account. An id that is only a number gets the name of
// the cloud.
func displayName(descriptor *cloud.Descriptor, id string) string {
	if strings.Trim(id, "0123456789") == "" {
		return descriptor.Name + " " + id
	}
	return id
}

func detectAWS(ctx context.Context) (id, identity string, err error) {
	found, err := discoveryaws.Detect(ctx)
	if errors.Is(err, discoveryaws.ErrNoCredentials) {
		err = errors.Join(errNone, err)
	}
	return found.AccountID, found.ARN, err
}

func detectGCP(ctx context.Context) (id, identity string, err error) {
	found, err := discoverygcp.Detect(ctx, discoverygcp.Config{})
	if errors.Is(err, discoverygcp.ErrNoCredentials) {
		err = errors.Join(errNone, err)
	}
	return found.ProjectID, found.Principal, err
}

// warn prints why the credentials can't be used and what to do.
func (d detected) warn(out *printer) {
	f, ok := errors.AsType[*fault.Error](d.err)
	if !ok {
		out.warn("The environment refers to %s credentials (%s), but they can't be loaded: %v", d.cloud.Name, strings.Join(d.variables, ", "), d.err)
		out.warn("Correct or unset these variables and start again, or set ROLLCALL_DEMO=on to see the demo company.")
		return
	}
	out.warn("%s credentials were found but can't be used: %s", d.cloud.Name, f.Message)
	if f.Remedy != "" {
		out.warn("What to do: %s", f.Remedy)
	}
	out.warn("Their account was not added. Correct this and start again, or set ROLLCALL_DEMO=on to see the demo company.")
}

// setVariables returns the variables that have a value.
func setVariables(variables []string) (names []string) {
	for _, name := range variables {
		if os.Getenv(name) != "" {
			names = append(names, name)
		}
	}
	return names
}

// exampleVariables lists the most common variables for credentials of each cloud.
func exampleVariables() string {
	var examples []string
	for _, d := range registry.All() {
		variables := d.Environment.Credentials
		examples = append(examples, variables[:min(2, len(variables))]...)
	}
	return strings.Join(examples, ", ")
}
