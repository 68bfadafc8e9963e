package read

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// maxGroups is the largest number of groups in an answer.
const maxGroups = 10_000

// AggregateInstances counts instances.
func (s *Store) AggregateInstances(ctx context.Context, q inventory.AggregateQuery) (inventory.Aggregate, error) {
	var result inventory.Aggregate
	err := s.db.Read(ctx, func(tx pgx.Tx) error {
		at, err := findAsOf(ctx, tx, q.AsOf, nil)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		touchedBy(q.Filter).queueAsOf(batch, at, q.MaxStaleness, &result.Freshness)
		sql, args := aggregateSQL(q, at)
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

func aggregateSQL(q inventory.AggregateQuery, at asOf) (string, []any) {
	var args query.Args
	columns, values, paths := make([]string, len(q.GroupBy)), make([]string, len(q.GroupBy)), make([]string, len(q.GroupBy))
	for n, group := range q.GroupBy {
		prefix := ""
		if group.Field == nil { // instances without the label have an empty value
			columns[n] = "COALESCE(labels ->> " + args.Add(group.Label) + "::text, '')"
		} else {
			paths[n], columns[n], prefix = group.Field.Path, group.Field.Name, group.Field.Prefix
		}
		values[n] = "'" + prefix + "' || " + columns[n]
	}
	// The counts are those of now.
	if from, ok := postgres.CountsFor(q.Filter, paths...); ok && !q.ShowGone && at.isNow() {
		where := "WHERE " + q.Filter.On(postgres.InstanceFields).Where(&args)
		return groupSQL("sum(count)::bigint", values, from, where, columns), args
	}
	clause := "WHERE " + postgres.WhereInstances(q.Filter, q.ShowGone, &args)
	return at.with(&args) + groupSQL("count(*)", values, at.instances(&args, clause), clause, columns), args
}

func groupSQL(count string, values []string, from, clause string, columns []string) string {
	return `SELECT ` + count + `, ARRAY[` + strings.Join(values, ", ") + `]
		FROM ` + from + ` ` + clause + `
		GROUP BY ` + strings.Join(columns, ", ") + ` ORDER BY 1 DESC, 2 LIMIT ` + strconv.Itoa(maxGroups)
}
