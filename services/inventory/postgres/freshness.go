package postgres

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// touch is the condition on scopes that a filter of instances can touch.
type touch struct {
	where string
	args  query.Args
}

// touched narrows the scopes by what the filter says of account, provider, kind
// and region; of all else a scope knows nothing. What stands for a whole account
// has no kind and no region: it can hold anything.
func touched(filter *query.Filter) touch {
	var t touch
	conditions := []string{"TRUE"}
	for _, field := range []struct{ path, condition string }{
		{"account", "account = ANY (?)"},
		{"provider", "provider = ANY (?)"},
		{"kind", "(kind = ANY (?) OR kind = 'KIND_UNSPECIFIED')"},
		{"location.region", "(region = ANY (?) OR location = '-')"},
	} {
		if values, ok := filter.Only(field.path); ok {
			conditions = append(conditions, strings.Replace(field.condition, "?", t.args.Add(values), 1))
		}
	}
	t.where = strings.Join(conditions, " AND ")
	return t
}

// queue asks for the freshness of the touched scopes, and fails the batch when
// one is older than maxStaleness, unless that is 0.
func (t touch) queue(batch *pgx.Batch, maxStaleness time.Duration, into *inventory.Freshness) {
	scopes := 0
	oldestSQL := `
		SELECT count(*), CASE WHEN bool_and(last_complete_time IS NOT NULL) THEN min(last_complete_time) END
		FROM scopes WHERE ` + t.where
	batch.Queue(oldestSQL, t.args...).QueryRow(func(row pgx.Row) error {
		var oldest pgtype.Timestamptz
		if err := row.Scan(&scopes, &oldest); err != nil {
			return err
		}
		into.Oldest = oldest.Time
		return nil
	})
	unreachableSQL := `
		SELECT account, kind, location FROM scopes
		WHERE ` + t.where + ` AND (last_complete_time IS NULL OR last_error_reason <> '')
		ORDER BY account, kind, location`
	batch.Queue(unreachableSQL, t.args...).Query(func(rows pgx.Rows) error {
		var err error
		into.Unreachable, err = pgx.CollectRows(rows, scanKey)
		return err
	})
	if maxStaleness <= 0 {
		return
	}
	args := append(query.Args{}, t.args...)
	staleSQL := `
		SELECT account, kind, location FROM scopes
		WHERE ` + t.where + ` AND (last_complete_time IS NULL OR last_complete_time < now() - ` + args.Add(maxStaleness) + `::interval)
		ORDER BY account, kind, location`
	batch.Queue(staleSQL, args...).Query(func(rows pgx.Rows) error {
		keys, err := pgx.CollectRows(rows, scanKey)
		if err != nil {
			return err
		}
		return tooStale(keys, scopes, maxStaleness)
	})
}

func scanKey(row pgx.CollectableRow) (key inventory.ScopeKey, err error) {
	err = row.Scan(&key.Account, &key.Kind, &key.Location)
	return key, err
}

// tooStale is the fault that names the scopes that are too old; nil when all
// are young enough. Where nothing was ever looked at, nothing is fresh.
func tooStale(keys []inventory.ScopeKey, scopes int, maxStaleness time.Duration) error {
	if len(keys) == 0 && scopes > 0 {
		return nil
	}
	if scopes == 0 {
		return fault.New(fault.KindFailedPrecondition, inventory.ReasonTooStale,
			"nothing that this can touch was ever observed, so it can't be at most %s old", maxStaleness)
	}
	return withScopes(fault.New(fault.KindFailedPrecondition, inventory.ReasonTooStale,
		"%d of %d scopes were last observed more than %s ago, or never: %s",
		len(keys), scopes, maxStaleness, shorten(inventory.ScopeNames(keys))), "scopes", keys)
}

// The names that a message for people holds, and those in its metadata for
// programs: errors travel in headers, which proxies bound to a few kilobytes.
const (
	shownNames = 10
	sentNames  = 50
)

func shorten(names []string) string {
	if len(names) <= shownNames {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shownNames], ", ") + " and more"
}

// withScopes adds the names of scopes to the metadata of a fault, with commas
// between, and how many there are.
func withScopes(f *fault.Error, key string, scopes []inventory.ScopeKey) *fault.Error {
	names := inventory.ScopeNames(scopes)
	return f.With(key, strings.Join(names[:min(len(names), sentNames)], ",")).
		With(key+"Count", strconv.Itoa(len(names)))
}
