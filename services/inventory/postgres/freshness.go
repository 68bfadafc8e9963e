package postgres

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
)

// touch is the condition on the scopes that a read can touch.
type touch struct {
	where string
	args  query.Args
}

// inUseSQL leaves out the scopes that are not read any more and in which nothing
// was: nobody looks there, as nobody looks where an account was never wanted to
// be read. One that still shows instances is told of until it is confirmed.
const inUseSQL = `NOT (last_error_reason = '` + inventory.ReasonRetired + `' AND instance_count = 0)`

// touched narrows the scopes to those that can hold what the filter matches, by
// what a scope knows of its instances; see tell.
func touched(filter *query.Filter) touch {
	var t touch
	t.where = filter.Implied(&t.args, tell)
	return t
}

// touchedBy are the scopes that the look-up can touch.
func touchedBy(in inventory.LookupScope) touch {
	t := touch{where: "TRUE"}
	if in.Account != "" {
		t.where = "account = " + t.args.Add(in.Account)
	}
	return t
}

// tell returns the condition on scopes that follows from a condition on their instances. Account,
// provider and kind are the scope's own. The instances of a scope are in its region, which it
// stores, and the zones in a region are in the scopes of the zone or of the region. The location -
// and an unknown region leave everything open.
func tell(path string) query.Told {
	switch {
	case path == "account", path == "provider":
		return query.Told{Column: path}
	case path == "kind":
		return query.Told{Column: path, Besides: "kind = 'KIND_UNSPECIFIED'"}
	case path == "location.region":
		return query.Told{MayBe: func(args *query.Args, region string) string {
			return "region = ANY (" + args.Add([]string{region, unknownRegion, inventory.WholeAccount}) + "::text[])"
		}}
	case path == "location.zone":
		return query.Told{MayBe: func(args *query.Args, zone string) string {
			return "location = ANY (" + args.Add(locationsOf(zone)) + "::text[])"
		}}
	case strings.HasPrefix(path, "virtual_machine."):
		return query.Told{MayHave: "kind <> 'DATABASE'"}
	case strings.HasPrefix(path, "database."):
		return query.Told{MayHave: "kind <> 'VIRTUAL_MACHINE'"}
	}
	return query.Told{}
}

// unknownRegion is the region of a scope that a program before migration 6 inserted.
const unknownRegion = ""

// locationsOf returns the locations of the scopes that a zone can be in: the zone itself, its
// region by the rule of each cloud, and the whole account.
func locationsOf(zone string) []string {
	locations := []string{zone, inventory.WholeAccount}
	for _, d := range registry.All() {
		if region := d.RegionOf(zone); region != zone {
			locations = append(locations, region)
		}
	}
	return locations
}

// unvouchedSQL is the condition on the scopes that an answer can't vouch for:
// never observed, the last try failed, held, or overdue. Overdue is one that was
// not observed for twice as long as it should be; the clock is the database's,
// which is also that of all ages.
const unvouchedSQL = `(last_complete_time IS NULL OR last_error_reason <> '' OR hold_fence IS NOT NULL
	OR last_complete_time < now() - 2 * sync_interval)`

// queue asks for the freshness of the touched scopes, and fails the batch when
// one is older than maxStaleness, unless that is 0.
func (t touch) queue(batch *pgx.Batch, maxStaleness time.Duration, into *inventory.Freshness) {
	where := t.where + " AND " + inUseSQL
	sql := `
		SELECT CASE WHEN bool_and(last_complete_time IS NOT NULL) THEN min(last_complete_time) END,
			array_agg(ARRAY[account, kind, location] ORDER BY account, kind, location) FILTER (WHERE ` + unvouchedSQL + `)
		FROM scopes WHERE ` + where
	batch.Queue(sql, t.args...).QueryRow(func(row pgx.Row) error {
		var oldest pgtype.Timestamptz
		var unvouched [][]string
		if err := row.Scan(&oldest, &unvouched); err != nil {
			return err
		}
		into.Oldest = oldest.Time
		for _, key := range unvouched {
			into.Unreachable = append(into.Unreachable, inventory.ScopeKey{Account: key[0], Kind: inventory.Kind(key[1]), Location: key[2]})
		}
		return nil
	})
	t.queueStale(batch, maxStaleness)
}

// queueAt is queue for an answer as of a moment, from which maxStaleness is
// measured back.
func (t touch) queueAt(batch *pgx.Batch, m moment, maxStaleness time.Duration, into *inventory.Freshness) {
	if m.isNow() {
		t.queue(batch, maxStaleness, into)
		return
	}
	t.queueAsOf(batch, m.time, maxStaleness, into)
}

// queueStale fails the batch when one of the touched scopes is older than
// maxStaleness, unless that is 0.
func (t touch) queueStale(batch *pgx.Batch, maxStaleness time.Duration) {
	if maxStaleness <= 0 {
		return
	}
	args := append(query.Args{}, t.args...)
	staleSQL := `
		SELECT account, kind, location, last_complete_time IS NULL OR last_complete_time < now() - ` + args.Add(maxStaleness) + `::interval
		FROM scopes WHERE ` + t.where + ` AND ` + inUseSQL + `
		ORDER BY account, kind, location`
	batch.Queue(staleSQL, args...).Query(func(rows pgx.Rows) error {
		return readStale(rows, maxStaleness)
	})
}

// readStale reads the touched scopes and whether each is too old.
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
