package read

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// maxMatches is the largest number of instances that the error of an ambiguous look-up names.
const maxMatches = 10

// LookupInstance returns the one instance with this value of a field.
func (s *Store) LookupInstance(ctx context.Context, key inventory.LookupKey, in inventory.LookupScope) (inventory.Instance, error) {
	var found inventory.Instance
	err := s.db.Read(ctx, func(tx pgx.Tx) error {
		sql, args := lookupSQL(key, in)
		matches, err := postgres.CollectInstances(tx.Query(ctx, sql, args...))
		switch {
		case err != nil:
			return err
		case len(matches) == 0:
			return notFoundIn(ctx, tx, key.Value, touchedByLookup(in), asOf{}, in.MaxStaleness)
		case len(matches) > 1:
			return ambiguous(key.Value, matches)
		}
		found = matches[0]
		return checkStale(ctx, tx, found.UID, in.MaxStaleness)
	})
	return found, err
}

func lookupSQL(key inventory.LookupKey, in inventory.LookupScope) (string, []any) {
	var args query.Args
	where := key.Field + " = " + args.Add(inventory.CleanText(key.Value))
	if in.Account != "" {
		where += " AND account = " + args.Add(in.Account)
	}
	if !in.ShowGone {
		where += " AND gone_time IS NULL"
	}
	return `SELECT ` + postgres.InstanceColumns + ` FROM instances WHERE ` + where +
		` ORDER BY uid LIMIT ` + strconv.Itoa(maxMatches+1), args
}

// notFound returns the fault for an instance that was not found, with the scopes that could not be read.
func notFound(value string, unreachable []inventory.ScopeKey) error {
	f := fault.NotFound(value)
	if len(unreachable) > 0 {
		f.Message += "; these scopes could not be read: " + shorten(inventory.ScopeNames(unreachable))
		f = withScopes(f, "unreachable", unreachable)
	}
	return f
}

func ambiguous(value string, matches []inventory.Instance) error {
	var names, shown []string
	for n := range matches {
		name := inventory.InstanceName(matches[n].UID)
		if n == maxMatches {
			shown = append(shown, "and more")
			break
		}
		names = append(names, name)
		shown = append(shown, name+" ("+matches[n].Account+", "+matches[n].Region+")")
	}
	return fault.New(fault.KindFailedPrecondition, fault.ReasonAmbiguous,
		"several instances are %s: %s", value, strings.Join(shown, ", ")).
		With("instances", strings.Join(names, ","))
}
