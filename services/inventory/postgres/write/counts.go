package write

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// countChangedSQL updates the counts by the changes in staged_changes: each subtracts the row as it was and
// adds the row as it is, if a counted column differs.
var countChangedSQL = `
	WITH delta AS (
		SELECT scope, facet, value, region, account, provider, kind, sum(n) AS n
		FROM (
			SELECT i.scope, i.region, i.zone, i.state, i.machine_type, i.account, i.provider, i.kind, 1 AS n
			FROM staged_changes c JOIN instances i ON i.uid = c.uid
			WHERE i.gone_time IS NULL AND c.was ?| ` + countedColumns + `
			UNION ALL
			SELECT old.scope, old.region, old.zone, old.state, old.machine_type, i.account, old.provider, i.kind, -1
			FROM staged_changes c JOIN instances i ON i.uid = c.uid CROSS JOIN LATERAL jsonb_populate_record(i, c.was) old
			WHERE c.type <> 'REAPPEARED' AND c.was ?| ` + countedColumns + `
		) changed CROSS JOIN LATERAL (VALUES ` + facetValues("changed") + `) f (facet, value)
		GROUP BY scope, facet, value, region, account, provider, kind
		HAVING sum(n) <> 0
	), known AS (
		UPDATE instance_counts stored SET count = stored.count + delta.n, provider = delta.provider
		FROM delta
		WHERE (stored.scope, stored.facet, stored.value, stored.region) = (delta.scope, delta.facet, delta.value, delta.region)
		RETURNING stored.scope, stored.facet, stored.value, stored.region
	)
	INSERT INTO instance_counts (scope, facet, value, region, account, provider, kind, count)
	SELECT scope, facet, value, region, account, provider, kind, n FROM delta
	WHERE (scope, facet, value, region) NOT IN (SELECT scope, facet, value, region FROM known)`

// countedColumns are the columns of instances that are counted by. gone_time is not among them, because the
// state changes with it.
const countedColumns = `ARRAY['scope', 'region', 'zone', 'state', 'machine_type', 'provider']`

// facetValues returns the facets of a row with the columns of instances.
func facetValues(row string) string {
	values := make([]string, len(postgres.Facets))
	for n, f := range postgres.Facets {
		values[n] = "('" + f.Column + "', " + row + "." + f.Column + ")"
	}
	return strings.Join(values, ", ")
}

// count updates instance_counts by the changes of the journal.
func (j *journal) count(ctx context.Context, tx pgx.Tx) error {
	if j.staged > 0 {
		if _, err := tx.Exec(ctx, countChangedSQL); err != nil {
			return err
		}
	}
	if j.counts == nil {
		return nil
	}
	return j.counts.write(ctx, tx)
}

// tally counts the new instances of one scope while their rows are copied. To count them in the table
// afterwards would take a tenth of the speed of a first sync.
type tally struct {
	obs inventory.Observation
	// counts are by region, facet and value.
	counts map[string]*tallied
	key    []byte
}

type tallied struct {
	region, facet, value string
	count                int64
}

func newTally(obs inventory.Observation) *tally {
	return &tally{obs: obs, counts: map[string]*tallied{}}
}

// countedColumn describes how the tally counts a column of a row: not at all, as its region, or under a
// facet.
type countedColumn struct {
	isRegion bool
	facet    string
}

// countedAt are the columns of copyColumns up to the last one that is counted.
var countedAt = func() (columns []countedColumn) {
	last := 0
	for n, name := range strings.Split(copyColumns, ", ") {
		column := countedColumn{isRegion: name == "region"}
		if slices.ContainsFunc(postgres.Facets, func(f postgres.Facet) bool { return f.Column == name }) {
			column.facet = name
		}
		if columns = append(columns, column); column != (countedColumn{}) {
			last = n
		}
	}
	return columns[:last+1]
}()

// add counts one row as encoder writes it. The region comes before the facets.
func (t *tally) add(row []byte) {
	var region []byte
	rest := row[2:] // after the number of columns
	for _, column := range countedAt {
		size := int32(binary.BigEndian.Uint32(rest))
		rest = rest[4:]
		if size < 0 { // NULL
			continue
		}
		value := rest[:size]
		rest = rest[size:]
		switch {
		case column.isRegion:
			region = value
		case column.facet != "":
			t.one(column.facet, region, value)
		}
	}
}

func (t *tally) one(facet string, region, value []byte) {
	t.key = append(append(append(append(append(t.key[:0], facet...), 0), region...), 0), value...)
	c := t.counts[string(t.key)] // no text has a NUL
	if c == nil {
		c = &tallied{region: string(region), facet: facet, value: string(value)}
		t.counts[string(t.key)] = c
	}
	c.count++
}

const countCreatedSQL = `
	INSERT INTO instance_counts AS stored (scope, account, provider, kind, facet, value, region, count)
	SELECT $1, $2, $3, $4, facet, value, region, n
	FROM unnest($5::text[], $6::text[], $7::text[], $8::bigint[]) t (facet, value, region, n)
	ON CONFLICT (scope, facet, value, region) DO UPDATE SET count = stored.count + EXCLUDED.count`

func (t *tally) write(ctx context.Context, tx pgx.Tx) error {
	var facets, values, regions []string
	var counts []int64
	for _, c := range t.counts {
		facets, values, regions, counts = append(facets, c.facet), append(values, c.value), append(regions, c.region), append(counts, c.count)
	}
	scope := t.obs.Scope
	_, err := tx.Exec(ctx, countCreatedSQL, scope.UID(), scope.Account, t.obs.Provider, scope.Kind, facets, values, regions, counts)
	return err
}
