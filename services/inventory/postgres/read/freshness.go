package read

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// touched is the condition on the scopes that an answer depends on.
type touched struct {
	where string
	args  query.Args
}

// allScopes is the condition that all scopes meet.
func allScopes() touched { return touched{where: "TRUE"} }

// touchedBy returns the condition on the scopes that can have instances that a filter matches.
func touchedBy(filter *query.Filter) touched {
	var t touched
	t.where = filter.Implied(&t.args, counterpart)
	return t
}

// touchedByLookup returns the condition on the scopes that a look-up depends on.
func touchedByLookup(in inventory.LookupScope) touched {
	t := allScopes()
	if in.Account != "" {
		t.where = "account = " + t.args.Add(in.Account)
	}
	return t
}

// counterpart returns what a scope states about a field of its instances. It has the same account, provider
// and kind. Its instances are in its region, which it stores. The instances of a zone are in the scope of the
// zone or of its region. A scope with the location - or an unknown region may have any instance.
func counterpart(path string) query.Counterpart {
	switch {
	case path == "account", path == "provider":
		return query.Counterpart{Column: path}
	case path == "kind":
		return query.Counterpart{Column: path, Unless: "kind = 'KIND_UNSPECIFIED'"}
	case path == "location.region":
		return query.Counterpart{MayBe: func(args *query.Args, region string) string {
			return "region = ANY (" + args.Add([]string{region, unknownRegion, inventory.WholeAccount}) + "::text[])"
		}}
	case path == "location.zone":
		return query.Counterpart{MayBe: func(args *query.Args, zone string) string {
			return "location = ANY (" + args.Add(locationsOf(zone)) + "::text[])"
		}}
	case strings.HasPrefix(path, inventory.VMSection.Path()+"."):
		return query.Counterpart{MayHave: "kind <> 'DATABASE'"}
	case strings.HasPrefix(path, inventory.DBSection.Path()+"."):
		return query.Counterpart{MayHave: "kind <> 'VIRTUAL_MACHINE'"}
	}
	return query.Counterpart{}
}

// unknownRegion is the region of a scope that a program before migration 6 inserted.
const unknownRegion = ""

// locationsOf returns the locations of the scopes that the instances of a zone can be in: the zone, its region
// by the rule of each provider, and the whole account.
func locationsOf(zone string) []string {
	locations := []string{zone, inventory.WholeAccount}
	for _, d := range registry.All() {
		if region := d.RegionOf(zone); region != zone {
			locations = append(locations, region)
		}
	}
	return locations
}

// queueNow queues the freshness of the touched scopes. It fails the batch if one of them is older than
// maxStaleness, unless that is 0.
func (t touched) queueNow(batch *pgx.Batch, maxStaleness time.Duration, into *inventory.Freshness) {
	where := t.where + " AND " + postgres.InUseSQL
	sql := `
		SELECT CASE WHEN bool_and(last_complete_time IS NOT NULL) THEN min(last_complete_time) END,
			array_agg(ARRAY[account, kind, location] ORDER BY account, kind, location) FILTER (WHERE ` + postgres.UnreachableSQL + `)
		FROM scopes WHERE ` + where
	batch.Queue(sql, t.args...).QueryRow(func(row pgx.Row) error {
		var oldest pgtype.Timestamptz
		var unreachable [][]string
		if err := row.Scan(&oldest, &unreachable); err != nil {
			return err
		}
		into.Oldest = oldest.Time
		for _, key := range unreachable {
			into.Unreachable = append(into.Unreachable, inventory.ScopeKey{Account: key[0], Kind: inventory.Kind(key[1]), Location: key[2]})
		}
		return nil
	})
	t.queueStale(batch, maxStaleness)
}

// queueAsOf is queueNow for an answer about a time, from which maxStaleness is measured back.
func (t touched) queueAsOf(batch *pgx.Batch, at asOf, maxStaleness time.Duration, into *inventory.Freshness) {
	if at.isNow() {
		t.queueNow(batch, maxStaleness, into)
		return
	}
	t.queuePast(batch, at.time, maxStaleness, into)
}

// queueStale fails the batch if one of the touched scopes is older than maxStaleness, unless that is 0.
func (t touched) queueStale(batch *pgx.Batch, maxStaleness time.Duration) {
	if maxStaleness <= 0 {
		return
	}
	args := append(query.Args{}, t.args...)
	staleSQL := `
		SELECT account, kind, location, last_complete_time IS NULL OR last_complete_time < now() - ` + args.Add(maxStaleness) + `::interval
		FROM scopes WHERE ` + t.where + ` AND ` + postgres.InUseSQL + `
		ORDER BY account, kind, location`
	batch.Queue(staleSQL, args...).Query(func(rows pgx.Rows) error {
		return readStale(rows, maxStaleness)
	})
}

// readStale reads the touched scopes, and whether each is too old.
func readStale(rows pgx.Rows, maxStaleness time.Duration) error {
	var (
		key    inventory.ScopeKey
		old    bool
		stale  []inventory.ScopeKey
		scopes int
	)
	_, err := pgx.ForEachRow(rows, []any{&key.Account, &key.Kind, &key.Location, &old}, func() error {
		scopes++
		if old {
			stale = append(stale, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tooStale(stale, scopes, maxStaleness)
}

func scanKey(row pgx.CollectableRow) (key inventory.ScopeKey, err error) {
	err = row.Scan(&key.Account, &key.Kind, &key.Location)
	return key, err
}

// tooStale returns the fault that names the scopes that are too old; nil if there are none. Without any scope
// nothing is fresh.
func tooStale(keys []inventory.ScopeKey, scopes int, maxStaleness time.Duration) error {
	if len(keys) == 0 && scopes > 0 {
		return nil
	}
	if scopes == 0 {
		return fault.New(fault.KindFailedPrecondition, fault.ReasonTooStale,
			"nothing that this request can touch was ever observed, so it can't be at most %s old", maxStaleness)
	}
	return withScopes(fault.New(fault.KindFailedPrecondition, fault.ReasonTooStale,
		"%d of %d scopes were last observed more than %s ago, or never: %s",
		len(keys), scopes, maxStaleness, shorten(inventory.ScopeNames(keys))), "scopes", keys)
}

// The most names in a message for people, and in its metadata for programs: errors travel in headers, which
// proxies limit to a few kilobytes.
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

// withScopes adds the names of scopes to the metadata of a fault, separated by commas, and their number.
func withScopes(f *fault.Error, key string, scopes []inventory.ScopeKey) *fault.Error {
	names := inventory.ScopeNames(scopes)
	return f.With(key, strings.Join(names[:min(len(names), sentNames)], ",")).
		With(key+"Count", strconv.Itoa(len(names)))
}
