package postgres_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres/read"
)

const beginAtTwelve = clearSQL + `; TRUNCATE observation_gaps, scopes CASCADE;
	UPDATE change_head SET time = '2024-02-01T12:00:00Z', floor_time = '2024-02-01T12:00:00Z'`

// changeAt writes the instance 1 at a minute.
func changeAt(t testing.TB, pool *pgxpool.Pool, minute int, sql string, args ...any) {
	t.Helper()
	if err := logged(t.Context(), pool, sql, args...); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, settleSQL, long(minute))
}

var one = uuid.MustParse("00000000-0000-0000-0000-000000000001")

func gap(scope inventory.ScopeKey, start, end int, reason string) inventory.Gap {
	return inventory.Gap{Scope: scope, Start: long(start), End: long(end), Reason: reason}
}

// Changes have the paths of the API, and the gaps around them.
func TestHistory(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	key := inventory.ScopeKey{Account: "aws-1", Kind: inventory.VirtualMachine, Location: "eu-west-1"}
	exec(t, pool, beginAtTwelve)
	exec(t, pool, `INSERT INTO scopes (uid, account, provider, kind, location, fence, attempt_fence, first_complete_time,
		last_complete_time, last_attempt_time, last_error, last_error_reason, gap_reason, gap_error)
		VALUES ($1, 'aws-1', 'AWS', 'VIRTUAL_MACHINE', 'eu-west-1', 1, 2, $2, $3, $4, 'slow down', 'THROTTLED', 'UNREACHABLE', 'no route')`,
		key.UID(), long(1), long(30), long(31))
	for _, g := range []inventory.Gap{gap(key, 1, 2, "THROTTLED"), gap(key, 2, 4, "THROTTLED"), gap(key, 12, 15, "NOT_OBSERVED")} {
		exec(t, pool, `INSERT INTO observation_gaps (scope, start_time, end_time, reason) VALUES ($1, $2, $3, $4)`, key.UID(), g.Start, g.End, g.Reason)
	}
	changeAt(t, pool, 5, newInstanceSQL, one, "aws-1", "web-1", long(4))
	changeAt(t, pool, 10, `UPDATE instances SET scope = $2, change_time = $3, fence = 7 WHERE uid = $1`, one, key.UID(), long(9))
	changeAt(t, pool, 20, `UPDATE instances SET state = 'STOPPED', zone = 'eu-west-1a', private_ips = '{10.0.0.1,10.0.0.2}', create_time = $2,
		labels = '{"cost": "7", "kubernetes.io/name": "x"}', content_hash = decode(md5('x'), 'hex'),
		details = '{"virtualMachine": {"spot": true, "image": "ami-1"}, "database": {"storageGib": 100, "port": 5432}}' WHERE uid = $1`,
		one, time.Date(2020, 1, 2, 3, 4, 5, 60000, time.UTC))
	changeAt(t, pool, 25, `UPDATE instances SET state = 'GONE', gone_time = $2, change_time = $2 WHERE uid = $1`, one, long(24))

	got, err := store.ListInstanceChanges(t.Context(), one, inventory.HistoryRequest{PageSize: 10})
	if err != nil {
		t.Fatal(err)
	}
	for n := range got.Changes {
		got.Changes[n].CommitTime, got.Changes[n].ObserveTime = got.Changes[n].CommitTime.UTC(), time.Time{}
	}
	change := func(revision int64, minute int, kind inventory.ChangeType, fields ...inventory.FieldChange) inventory.HistoryChange {
		return inventory.HistoryChange{Revision: revision, Type: kind, CommitTime: long(minute), Fields: fields}
	}
	want := []inventory.HistoryChange{
		change(4, 25, "GONE", inventory.FieldChange{Field: "goneTime", To: "2024-02-01T12:24:00Z"},
			inventory.FieldChange{Field: "state", From: "STOPPED", To: "GONE"}),
		change(3, 20, "CHANGED",
			inventory.FieldChange{Field: "createTime", To: "2020-01-02T03:04:05.000060Z"},
			inventory.FieldChange{Field: "database.port", To: 5432.0},
			inventory.FieldChange{Field: "database.storageGib", To: "100"},
			inventory.FieldChange{Field: `labels."kubernetes.io/name"`, To: "x"},
			inventory.FieldChange{Field: "labels.cost", To: "7"},
			inventory.FieldChange{Field: "labels.team", From: "data"},
			inventory.FieldChange{Field: "location.zone", From: "", To: "eu-west-1a"},
			inventory.FieldChange{Field: "privateIps", From: []any{"10.0.0.1"}, To: []any{"10.0.0.1", "10.0.0.2"}},
			inventory.FieldChange{Field: "state", From: "RUNNING", To: "STOPPED"},
			inventory.FieldChange{Field: "virtualMachine.image", To: "ami-1"},
			inventory.FieldChange{Field: "virtualMachine.spot", From: false, To: true}),
		change(2, 10, "CHANGED"),
		change(1, 5, "CREATED"),
	}
	if !reflect.DeepEqual(got.Changes, want) {
		t.Errorf("changes\ngot  %+v\nwant %+v", got.Changes, want)
	}
	wantGaps := []inventory.Gap{
		{Scope: key, Start: long(30), Reason: "UNREACHABLE", Error: "no route"},
		gap(key, 12, 15, "NOT_OBSERVED"), gap(key, 2, 4, "THROTTLED"), // it may have been created in it; earlier gaps are not part of its history
	}
	if gaps := utc(got.Gaps); !reflect.DeepEqual(gaps, wantGaps) {
		t.Errorf("gaps\ngot  %+v\nwant %+v", gaps, wantGaps)
	}
	if got.NextPageToken != "" || !got.Since.Equal(long(0)) {
		t.Errorf("history since %s, and more: %q", got.Since, got.NextPageToken)
	}
	_, err = store.ListInstanceChanges(t.Context(), uuid.New(), inventory.HistoryRequest{PageSize: 1})
	if fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("of an unknown instance: %v", err)
	}
}

func utc(gaps []inventory.Gap) []inventory.Gap {
	for n := range gaps {
		gaps[n].Start, gaps[n].End = gaps[n].Start.UTC(), gaps[n].End.UTC()
		if gaps[n].End.IsZero() {
			gaps[n].End = time.Time{}
		}
	}
	return gaps
}

// Each change and each gap is on one page and in order, at any page size, even if there are more
// gaps than a page may have.
func TestHistory_Pages(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	rapid.Check(t, func(r *rapid.T) {
		exec(t, pool, beginAtTwelve)
		changeAt(t, pool, 0, newInstanceSQL, one, "aws-1", "web-1", long(0))
		minutes := rapid.SliceOfNDistinct(rapid.IntRange(1, 3000), 0, 6, rapid.ID[int]).Draw(r, "changes")
		slices.Sort(minutes)
		for n, minute := range minutes {
			changeAt(t, pool, minute, `UPDATE instances SET machine_type = $2 WHERE uid = $1`, one, fmt.Sprint("size-", n))
		}
		gaps := rapid.IntRange(0, read.MaxGaps*5/2).Draw(r, "gaps")
		exec(t, pool, `INSERT INTO observation_gaps (scope, start_time, end_time, reason)
			SELECT $1, $2::timestamptz + n * interval '1 min', $2::timestamptz + n * interval '1 min' + interval '30 s', 'THROTTLED'
			FROM generate_series(0, $3::integer - 1) n`, one, long(0), gaps)
		q := inventory.HistoryRequest{PageSize: rapid.IntRange(1, 7).Draw(r, "page size")}
		var revisions []int64
		var ends []time.Time
		for {
			page, err := store.ListInstanceChanges(t.Context(), one, q)
			if err != nil {
				r.Fatal(err)
			}
			if len(page.Gaps) > read.MaxGaps || len(page.Changes) > q.PageSize {
				r.Fatalf("a page of %d changes and %d gaps", len(page.Changes), len(page.Gaps))
			}
			for _, c := range page.Changes {
				revisions = append(revisions, c.Revision)
			}
			for _, g := range page.Gaps {
				ends = append(ends, g.End)
			}
			if q.PageToken = page.NextPageToken; q.PageToken == "" {
				break
			}
			if len(page.Gaps)+len(page.Changes) == 0 {
				r.Fatal("an empty page goes on")
			}
		}
		if len(revisions) != len(minutes)+1 || !slices.IsSortedFunc(revisions, func(a, b int64) int { return int(b - a) }) {
			r.Fatalf("%d changes came as %v", len(minutes)+1, revisions)
		}
		if len(ends) != gaps || !slices.IsSortedFunc(ends, func(a, b time.Time) int { return b.Compare(a) }) {
			r.Fatalf("%d of %d gaps, or not in order", len(ends), gaps)
		}
	})
}

// For every column it is decided how a change of it is shown. A new one must not be forgotten.
func TestHistory_EveryColumn(t *testing.T) {
	t.Parallel()
	_, pool := open(t)
	rows, err := pool.Query(t.Context(), `SELECT column_name::text FROM information_schema.columns
		WHERE table_name = 'instances' AND table_schema = current_schema()`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(columns) < 20 {
		t.Fatal(columns, err)
	}
	// Columns that never change, those of Rollcall, and those that are shown member by member.
	silent := []string{"uid", "account", "kind", "provider_id", "first_seen_time",
		"scope", "fence", "content_hash", "change_time", "observe_time", "labels", "details"}
	for _, column := range columns {
		changes, err := read.FieldChanges(fmt.Appendf(nil, `{%q: "2024-01-01T00:00:00+00:00"}`, column), fmt.Appendf(nil, `{%q: ""}`, column))
		if err != nil {
			t.Fatal(err)
		}
		shown := len(changes) == 1
		if shown == slices.Contains(silent, column) {
			t.Errorf("a change of %s is shown: %v", column, shown)
		}
	}
}
