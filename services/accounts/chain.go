package accounts

import (
	"context"
	"slices"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// maxChain is the largest number of accounts that one signs in through. The clouds set no limit;
// more than a few is a mistake.
const maxChain = 5

// Chain returns the accounts whose credentials lead to those of a, nearest first: the source of
// its credentials, the source of that one, and so on. It is empty if a signs in by itself. Faults:
// INVALID_ARGUMENT for the source of a, if the chain ends at an account that does not exist or
// belongs to another cloud, returns to an account, or is too long.
func Chain(ctx context.Context, a *Account, get func(ctx context.Context, id string) (*Account, error)) ([]*Account, error) {
	var chain []*Account
	seen := []string{a.ID}
	for next := a.Credentials.Source; next != ""; next = chain[len(chain)-1].Credentials.Source {
		if slices.Contains(seen, next) {
			return nil, fault.Invalid(a.sourceField(), "leads round in a circle, by way of %s", Name(next))
		}
		if len(chain) == maxChain {
			return nil, fault.Invalid(a.sourceField(), "leads through more than %d accounts", maxChain)
		}
		link, err := get(ctx, next)
		if fault.KindOf(err) == fault.KindNotFound {
			return nil, NoSource(a, next)
		}
		if err != nil {
			return nil, err
		}
		if link.Provider != a.Provider {
			return nil, fault.Invalid(a.sourceField(), "%s is an account of %s: only an account of %s can be the source",
				Name(next), link.Provider, a.Provider)
		}
		chain, seen = append(chain, link), append(seen, next)
	}
	return chain, nil
}

// BrokenChain returns the fault of an account whose source was valid when it was set and no longer
// is.
func BrokenChain(a *Account, cause error) error {
	return fault.New(fault.KindFailedPrecondition, fault.ReasonSourceBroken,
		"the role of %s can't be assumed: %s", Name(a.ID), cause).With("name", Name(a.ID)).WithCause(cause)
}

// SourceOfOthers returns the fault of deleting an account whose credentials other accounts sign in
// with.
func SourceOfOthers(id string) error {
	return fault.New(fault.KindFailedPrecondition, fault.ReasonAccountInUse,
		"the credentials of %s assume the role of another account; give that one another source first", Name(id)).
		With("name", Name(id))
}

// NoSource returns the fault of an account whose source does not exist.
func NoSource(a *Account, source string) error {
	return fault.Invalid(a.sourceField(), "%s does not exist; create it first", Name(source))
}
