package postgres

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// The table instance_counts counts the instances of each scope and region by one
// facet at a time. It answers for filters and groups that know of no other fields
// than these, and of at most one facet.
var (
	countedFields = []string{"account", "provider", "kind", "location.region"}
	// facets are the columns of instances, by their fields. The one with the fewest
	// values is first: it serves when none is asked for.
	facets = []facet{{"state", "state"}, {"location.zone", "zone"}, {"machine_type", "machine_type"}}
)

type facet struct{ path, column string }

// fieldsOfFewValues are all of them.
func fieldsOfFewValues() []string {
	fields := slices.Clone(countedFields)
	for _, facet := range facets {
		fields = append(fields, facet.path)
	}
	return fields
}

// countsFor stands after FROM: the counts that can answer a filter, and groups by
// these fields, of instances that are not gone. They have the columns of instances
// that both can name, and count. ok tells whether there are such counts.
func countsFor(filter *query.Filter, groups ...string) (from string, ok bool) {
	for _, facet := range facets {
		known := append(slices.Clone(countedFields), facet.path)
		if filter.UsesOnly(known...) && !slices.ContainsFunc(groups, func(path string) bool { return !slices.Contains(known, path) }) {
			return `(
				SELECT account, provider, kind, region, value AS ` + facet.column + `, count
				FROM instance_counts WHERE facet = '` + facet.column + `' AND count > 0
			) counted`, true
		}
	}
	return "", false
}

// countChangedSQL brings the counts to what the changes in staged_changes leave:
// each takes away what it found and adds what it left, where that differs in a
// counted column.
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
		UPDATE instance_counts held SET count = held.count + delta.n, provider = delta.provider
		FROM delta
		WHERE (held.scope, held.facet, held.value, held.region) = (delta.scope, delta.facet, delta.value, delta.region)
		RETURNING held.scope, held.facet, held.value, held.region
	)
	INSERT INTO instance_counts (scope, facet, value, region, account, provider, kind, count)
	SELECT scope, facet, value, region, account, provider, kind, n FROM delta
	WHERE (scope, facet, value, region) NOT IN (SELECT scope, facet, value, region FROM known)`

// countedColumns are the columns of instances that the counts go by; gone_time is
// not among them, as the state changes with it.
const countedColumns = `ARRAY['scope', 'region', 'zone', 'state', 'machine_type', 'provider']`

// facetValues are the facets of a row with the columns of instances.
func facetValues(row string) string {
	values := make([]string, len(facets))
	for n, f := range facets {
		values[n] = "('" + f.column + "', " + row + "." + f.column + ")"
	}
	return strings.Join(values, ", ")
}

// count brings instance_counts to what the journal's changes leave.
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

// tally counts new instances of one scope while their rows are copied: asking the
// table afterwards would cost a first read a tenth of its speed.
type tally struct {
	obs inventory.Observation
	// counts go by region, facet and value.
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

// countedColumn is what the tally does with a column of a row: nothing, take its region, or count
// it under a facet.
type countedColumn struct {
	isRegion bool
	facet    string
}

// countedAt are the columns of copyColumns up to the last one that is counted.
var countedAt = func() (columns []countedColumn) {
	last := 0
	for n, name := range strings.Split(copyColumns, ", ") {
		column := countedColumn{isRegion: name == "region"}
		if slices.ContainsFunc(facets, func(f facet) bool { return f.column == name }) {
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
	c := t.counts[string(t.key)] // no text holds a NUL
	if c == nil {
		c = &tallied{region: string(region), facet: facet, value: string(value)}
		t.counts[string(t.key)] = c
	}
	c.count++
}

const countCreatedSQL = `
	INSERT INTO instance_counts AS held (scope, account, provider, kind, facet, value, region, count)
	SELECT $1, $2, $3, $4, facet, value, region, n
	FROM unnest($5::text[], $6::text[], $7::text[], $8::bigint[]) t (facet, value, region, n)
	ON CONFLICT (scope, facet, value, region) DO UPDATE SET count = held.count + EXCLUDED.count`

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
