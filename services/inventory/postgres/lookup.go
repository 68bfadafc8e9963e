package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// maxMatches is how many instances an ambiguous look-up names.
const maxMatches = 10

// GetInstanceByProviderID is the one instance with the id that the cloud gave
// it. Errors: NOT_FOUND, with the scopes that could not be looked at under
// "unreachable"; FAILED_PRECONDITION with inventory.ReasonAmbiguous, naming
// them, when there are several; FAILED_PRECONDITION with
// inventory.ReasonTooStale as GetInstance.
func (s *Store) GetInstanceByProviderID(ctx context.Context, id string, in inventory.LookupScope) (inventory.Instance, error) {
	return s.lookup(ctx, "provider_id", id, in)
}

// GetInstanceByProviderURI is the same by ARN or self link.
func (s *Store) GetInstanceByProviderURI(ctx context.Context, uri string, in inventory.LookupScope) (inventory.Instance, error) {
	return s.lookup(ctx, "provider_uri", uri, in)
}

// GetInstanceByDisplayName is the same by display name, to the letter.
func (s *Store) GetInstanceByDisplayName(ctx context.Context, name string, in inventory.LookupScope) (inventory.Instance, error) {
	return s.lookup(ctx, "display_name", name, in)
}

// lookup finds the instance whose column has the value.
func (s *Store) lookup(ctx context.Context, column, value string, in inventory.LookupScope) (inventory.Instance, error) {
	var found inventory.Instance
	err := s.read(ctx, func(tx pgx.Tx) error {
		sql, args := lookupSQL(column, value, in)
		matches, err := collect(tx.Query(ctx, sql, args...))
		switch {
		case err != nil:
			return err
		case len(matches) == 0:
			return notThere(ctx, tx, value, touchedBy(in), moment{}, in.MaxStaleness)
		case len(matches) > 1:
			return ambiguous(value, matches)
		}
		found = matches[0]
		return checkStale(ctx, tx, found.UID, in.MaxStaleness)
	})
	return found, err
}

func lookupSQL(column, value string, in inventory.LookupScope) (string, []any) {
	var args query.Args
	where := column + " = " + args.Add(inventory.CleanText(value))
	if in.Account != "" {
		where += " AND account = " + args.Add(in.Account)
	}
	if !in.ShowGone {
		where += " AND gone_time IS NULL"
	}
	return `SELECT ` + instanceColumns + ` FROM instances WHERE ` + where +
		` ORDER BY uid LIMIT ` + strconv.Itoa(maxMatches+1), args
}

// notFound tells "there is none" from "could not look everywhere".
func notFound(value string, unreachable []inventory.ScopeKey) error {
	f := fault.NotFound(value)
	if len(unreachable) > 0 {
		f.Message += "; these scopes could not be looked at: " + shorten(inventory.ScopeNames(unreachable))
		f = withScopes(f, "unreachable", unreachable)
	}
	return f
}

func ambiguous(value string, matches []inventory.Instance) error {
	var names, shown []string
	for n := range matches {
		name := "instances/" + matches[n].UID.String()
		if n == maxMatches {
			shown = append(shown, "and more")
			break
		}
		names = append(names, name)
		shown = append(shown, name+" ("+matches[n].Account+", "+matches[n].Region+")")
	}
	return fault.New(fault.KindFailedPrecondition, inventory.ReasonAmbiguous,
		"several instances are %s: %s", value, strings.Join(shown, ", ")).
		With("instances", strings.Join(names, ","))
}
