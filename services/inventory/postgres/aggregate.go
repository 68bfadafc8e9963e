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

// maxGroups is how many groups an answer holds at most.
const maxGroups = 10_000

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
		group, _ := groupBy(path, &args)
		paths[n], columns[n] = group.path, group.column
		values[n] = "'" + group.prefix + "' || " + group.column
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

// group is what instances are counted by.
type group struct {
	path string // empty for a label
	// column is the SQL expression that is grouped by. prefix and its value are answered.
	column, prefix string
}

// groupBy returns the group for a path, by proto or JSON names. Instances without a label have an
// empty value of it.
func groupBy(path string, args *query.Args) (group, bool) {
	if key, ok := strings.CutPrefix(path, labelsPrefix); ok && key != "" {
		if bare, err := strconv.Unquote(key); err == nil { // labels."a b", as in filters
			key = bare
		}
		return group{column: "COALESCE(labels ->> " + args.Add(inventory.CleanText(key)) + "::text, '')"}, true
	}
	for _, f := range inventory.Fields() {
		if f.Groupable && (path == f.Path || path == f.JSONPath) {
			return group{path: f.Path, column: f.Name, prefix: f.Prefix}, true
		}
	}
	return group{}, false
}

func unknownGroup(n int, path string) error {
	var paths []string
	for _, f := range inventory.Fields() {
		if f.Groupable {
			paths = append(paths, f.Path)
		}
	}
	paths = append(paths, labelsPrefix+"KEY")
	return fault.Invalid("group_by["+strconv.Itoa(n)+"]", "can't be %q; instances are counted by %s", path, strings.Join(paths, ", "))
}
