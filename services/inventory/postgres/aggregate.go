package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// maxGroups is how many groups an answer holds at most.
const maxGroups = 10_000

// groupField is a field to count by.
type groupField struct {
	path, json string
	// column is what is grouped by, of which prefix makes the value that is
	// answered.
	column, prefix string
}

var groupFields = []groupField{
	{path: "account", json: "account", column: "account", prefix: "accounts/"},
	{path: "provider", json: "provider", column: "provider"},
	{path: "kind", json: "kind", column: "kind"},
	{path: "location.region", json: "location.region", column: "region"},
	{path: "location.zone", json: "location.zone", column: "zone"},
	{path: "state", json: "state", column: "state"},
	{path: "machine_type", json: "machineType", column: "machine_type"},
}

const labelsPrefix = "labels."

// AggregateInstances counts instances by the fields of q, the largest groups
// first. Errors: INVALID_ARGUMENT naming the fields that can be counted by;
// otherwise as ListInstances.
func (s *Store) AggregateInstances(ctx context.Context, q inventory.AggregateQuery) (inventory.Aggregate, error) {
	filter, err := instanceFields.ParseFilter(q.Filter)
	if err != nil {
		return inventory.Aggregate{}, err
	}
	if err := checkGroups(q.GroupBy); err != nil {
		return inventory.Aggregate{}, err
	}
	var result inventory.Aggregate
	err = s.read(ctx, func(tx pgx.Tx) error {
		at, err := momentOf(ctx, tx, q.AsOf, nil)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		touched(filter).queueAt(batch, at, q.MaxStaleness, &result.Freshness)
		sql, args := aggregateSQL(filter, q, at)
		batch.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
			result.Groups, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (g inventory.Group, err error) {
				err = row.Scan(&g.Count, &g.Values)
				return g, err
			})
			return err
		})
		return tx.SendBatch(ctx, batch).Close()
	})
	return result, err
}

// checkGroups refuses what can't be counted by.
func checkGroups(paths []string) error {
	for n, path := range paths {
		if _, ok := groupBy(path, &query.Args{}); !ok {
			return unknownGroup(n, path)
		}
	}
	return nil
}

// aggregateSQL is for groups that were checked.
func aggregateSQL(filter *query.Filter, q inventory.AggregateQuery, at moment) (string, []any) {
	var args query.Args
	columns, values, paths := make([]string, len(q.GroupBy)), make([]string, len(q.GroupBy)), make([]string, len(q.GroupBy))
	for n, path := range q.GroupBy {
		field, _ := groupBy(path, &args)
		paths[n], columns[n] = field.path, field.column
		values[n] = "'" + field.prefix + "' || " + field.column
	}
	// Counts are kept of what is there now.
	if from, ok := countsFor(filter, paths...); ok && !q.ShowGone && at.isNow() {
		return groupSQL("sum(count)::bigint", values, from, "WHERE "+filter.Where(&args), columns), args
	}
	clause := "WHERE " + whereInstances(filter, q.ShowGone, &args)
	return at.with(&args) + groupSQL("count(*)", values, at.instances(&args, clause), clause, columns), args
}

func groupSQL(count string, values []string, from, clause string, columns []string) string {
	return `SELECT ` + count + `, ARRAY[` + strings.Join(values, ", ") + `]
		FROM ` + from + ` ` + clause + `
		GROUP BY ` + strings.Join(columns, ", ") + ` ORDER BY 1 DESC, 2 LIMIT ` + strconv.Itoa(maxGroups)
}

// groupBy finds the field with this path, by its name in proto or JSON. Those
// without the label have an empty value.
func groupBy(path string, args *query.Args) (groupField, bool) {
	if key, ok := strings.CutPrefix(path, labelsPrefix); ok && key != "" {
		if bare, err := strconv.Unquote(key); err == nil { // labels."a b", as filters have it
			key = bare
		}
		return groupField{column: "COALESCE(labels ->> " + args.Add(inventory.CleanText(key)) + "::text, '')"}, true
	}
	n := slices.IndexFunc(groupFields, func(f groupField) bool { return path == f.path || path == f.json })
	if n < 0 {
		return groupField{}, false
	}
	return groupFields[n], true
}

func unknownGroup(n int, path string) error {
	paths := make([]string, 0, len(groupFields)+1)
	for _, field := range groupFields {
		paths = append(paths, field.path)
	}
	paths = append(paths, labelsPrefix+"KEY")
	return fault.Invalid("group_by["+strconv.Itoa(n)+"]", "can't be %q; instances are counted by %s", path, strings.Join(paths, ", "))
}
