package query_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// things is a resource with a field of each type, and with a Nullable one of each type that can
// be.
var things = query.New(
	query.Field{Path: "name", Column: "uid", Type: query.UUID, Prefix: "things/", Key: true},
	query.Field{Path: "account", Column: "account", Type: query.String, Prefix: "accounts/", Sortable: true},
	query.Field{Path: "display_name", Column: "display_name", Type: query.String, Sortable: true, Search: true},
	query.Field{Path: "location.zone", Column: "zone", Type: query.String, Sortable: true, Nullable: true, Search: true},
	query.Field{Path: "state", Column: "state", Type: query.Enum("RUNNING", "STOPPED", "GONE"), Sortable: true},
	query.Field{Path: "mode", Column: "mode", Type: query.Enum("FAST", "SLOW"), Sortable: true, Nullable: true},
	query.Field{Path: "paused", Column: "paused", Type: query.Bool, Sortable: true},
	query.Field{
		Path: "virtual_machine.spot", Column: "(details ->> 'spot')::boolean", Type: query.Bool, Sortable: true, Nullable: true,
	},
	query.Field{Path: "port", Column: "port", Type: query.Int, Sortable: true},
	query.Field{Path: "storage_gib", Column: "storage_gib", Type: query.Int, Sortable: true, Nullable: true},
	query.Field{Path: "create_time", Column: "create_time", Type: query.Timestamp, Sortable: true},
	query.Field{Path: "gone_time", Column: "gone_time", Type: query.Timestamp, Sortable: true, Nullable: true},
	query.Field{Path: "sync_interval", Column: "sync_interval", Type: query.Duration, Sortable: true},
	query.Field{Path: "grace", Column: "grace", Type: query.Duration, Sortable: true, Nullable: true},
	query.Field{Path: "labels", Column: "labels", Type: query.StringMap},
	query.Field{Path: "marks", Column: "marks", Type: query.StringMap, Nullable: true},
	query.Field{Path: "private_ips", Column: "private_ips", Type: query.StringList, Search: true},
	query.Field{Path: "public_ips", Column: "public_ips", Type: query.StringList, Nullable: true},
)

// thing is a row. Nil is a missing value.
type thing struct {
	UID          string
	Account      string
	DisplayName  string
	Zone         *string
	State        string
	Mode         *string
	Paused       bool
	Spot         *bool
	Port         int32
	StorageGiB   *int64
	CreateTime   time.Time
	GoneTime     *time.Time
	SyncInterval time.Duration
	Grace        *time.Duration
	Labels       map[string]string
	Marks        map[string]string
	PrivateIPs   []string
	PublicIPs    []string
}

// Value implements query.Row.
func (r thing) Value(f *query.Field) query.Value {
	values := map[string]query.Value{
		"name": query.TextValue(r.UID), "account": query.TextValue(r.Account),
		"display_name": query.TextValue(r.DisplayName), "location.zone": valueOf(r.Zone, query.TextValue),
		"state": query.TextValue(r.State), "mode": valueOf(r.Mode, query.TextValue),
		"paused": query.BoolValue(r.Paused), "virtual_machine.spot": valueOf(r.Spot, query.BoolValue),
		"port": query.IntValue(int64(r.Port)), "storage_gib": valueOf(r.StorageGiB, query.IntValue),
		"create_time": query.TimeValue(r.CreateTime), "gone_time": valueOf(r.GoneTime, query.TimeValue),
		"sync_interval": query.DurationValue(r.SyncInterval), "grace": valueOf(r.Grace, query.DurationValue),
		"labels": query.MapValue(r.Labels), "marks": valueOf(&r.Marks, query.MapValue),
		"private_ips": query.ListValue(r.PrivateIPs), "public_ips": query.ListValue(r.PublicIPs),
	}
	value, ok := values[f.Path]
	if !ok {
		panic("no field " + f.Path)
	}
	return value
}

func valueOf[T any](held *T, value func(T) query.Value) query.Value {
	if held == nil {
		return query.Missing
	}
	return value(*held)
}

const createThings = `
CREATE TABLE things (
	uid           uuid PRIMARY KEY,
	account       text COLLATE "C" NOT NULL,
	display_name  text COLLATE "C" NOT NULL,
	zone          text COLLATE "C",
	state         text COLLATE "C" NOT NULL,
	mode          text COLLATE "C",
	paused        boolean NOT NULL,
	details       jsonb NOT NULL,
	port          integer NOT NULL,
	storage_gib   bigint,
	create_time   timestamptz NOT NULL,
	gone_time     timestamptz,
	sync_interval interval NOT NULL,
	grace         interval,
	labels        jsonb NOT NULL,
	marks         jsonb,
	private_ips   text[] NOT NULL,
	public_ips    text[]
);
CREATE INDEX things_display_name_idx ON things (display_name, uid);
CREATE INDEX things_state_idx ON things (state, uid);
CREATE INDEX things_labels_idx ON things USING gin (labels jsonb_path_ops);
CREATE INDEX things_marks_idx ON things USING gin (marks);
CREATE INDEX things_private_ips_idx ON things USING gin (private_ips);`

// database returns a new database with the empty table of things.
func database(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return dbtest.New(tb, dbtest.Template{
		Name:    "things",
		Version: createThings,
		Migrate: func(ctx context.Context, url string) error {
			conn, err := pgx.Connect(ctx, url)
			if err != nil {
				return err
			}
			defer conn.Close(ctx)
			_, err = conn.Exec(ctx, createThings)
			return err
		},
	}).Pool(tb)
}

// execer is a pool or a transaction.
type execer interface {
	CopyFrom(context.Context, pgx.Identifier, []string, pgx.CopyFromSource) (int64, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

var thingColumns = []string{
	"uid", "account", "display_name", "zone", "state", "mode", "paused", "details", "port", "storage_gib",
	"create_time", "gone_time", "sync_interval", "grace", "labels", "marks", "private_ips", "public_ips",
}

// insert inserts things.
func insert(db execer, all ...thing) error {
	_, err := db.CopyFrom(context.Background(), pgx.Identifier{"things"}, thingColumns,
		pgx.CopyFromSlice(len(all), func(i int) ([]any, error) {
			r := all[i]
			return []any{
				r.UID, r.Account, r.DisplayName, r.Zone, r.State, r.Mode, r.Paused, map[string]any{"spot": r.Spot},
				r.Port, r.StorageGiB, r.CreateTime, r.GoneTime, r.SyncInterval, r.Grace,
				r.Labels, nullable(r.Marks), r.PrivateIPs, r.PublicIPs,
			}, nil
		}))
	return err
}

// nullable returns nil for a nil map, which would become null in JSON.
func nullable(m map[string]string) any {
	if m == nil {
		return nil
	}
	return m
}

// uids returns the UIDs of the things that an SQL condition selects, in an order.
func uids(db execer, where, orderBy string, args query.Args) ([]string, error) {
	rows, err := db.Query(context.Background(), "SELECT uid::text FROM things WHERE "+where+" ORDER BY "+orderBy, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
