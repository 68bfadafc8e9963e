package accounts

import (
	"context"
	"slices"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// maxChain is how many roles may be assumed one from the other. AWS sets no
// limit; more than a few is a mistake.
const maxChain = 5

// sourceField is the field that names the next account of a chain.
const sourceField = "account.aws.assume_role.source_account"

// Chain is the accounts whose credentials lead to a's, nearest first: the source
// of its role, that one's source, and so on. Empty when its credentials stand
// alone. Faults: INVALID_ARGUMENT about a's source when it leads nowhere, to
// another cloud, round in a circle or too far.
func Chain(ctx context.Context, a *Account, get func(ctx context.Context, id string) (*Account, error)) ([]*Account, error) {
	var chain []*Account
	seen := []string{a.ID}
	for next := source(a); next != ""; next = source(chain[len(chain)-1]) {
		if slices.Contains(seen, next) {
			return nil, fault.Invalid(sourceField, "leads round in a circle, by way of %s", Name(next))
		}
		if len(chain) == maxChain {
			return nil, fault.Invalid(sourceField, "leads through more than %d accounts", maxChain)
		}
		link, err := get(ctx, next)
		if fault.KindOf(err) == fault.KindNotFound {
			return nil, NoSource(next)
		}
		if err != nil {
			return nil, err
		}
		if link.Provider != AWS {
			return nil, fault.Invalid(sourceField, "%s is an account of %s: only one of AWS can assume a role there", Name(next), link.Provider)
		}
		chain, seen = append(chain, link), append(seen, next)
	}
	return chain, nil
}

// source is the id of the account whose credentials assume a's role; empty when
// none do.
func source(a *Account) string {
	if role, ok := a.Credentials.(AWSAssumeRole); ok {
		return role.Source
	}
	return ""
}

// BrokenChain is the fault of an account whose source was right when it was
// stated and leads nowhere now.
func BrokenChain(a *Account, cause error) error {
	return fault.New(fault.KindFailedPrecondition, "SOURCE_BROKEN",
		"the role of %s can't be assumed: %s", Name(a.ID), cause).With("name", Name(a.ID)).WithCause(cause)
}

// SourceOfOthers is the fault of taking an account off the roll whose
// credentials assume the roles of others.
func SourceOfOthers(id string) error {
	return fault.New(fault.KindFailedPrecondition, "ACCOUNT_IN_USE",
		"the credentials of %s assume the role of another account on the roll; give that one another source first", Name(id)).
		With("name", Name(id))
}

// NoSource is the fault of a source that is not on the roll.
func NoSource(id string) error {
	return fault.Invalid(sourceField, "%s is not on the roll", Name(id))
}
