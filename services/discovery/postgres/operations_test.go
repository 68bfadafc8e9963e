package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	discoverypg "github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// TestMigrate_Operations migrates a database with rows of version 2 to version 3: the rows are
// unchanged, and the version before can still write.
func TestMigrate_Operations(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, dbtest.Template{
		Service: discoverypg.Schema, Name: "version-2", Version: dbtest.HashFS(migrations.Discovery()),
		Migrate: func(ctx context.Context, url string) error {
			return kit.MigrateTo(ctx, url, migrations.Discovery(), discoverypg.Schema, 2)
		},
	})
	pool := db.Pool(t)
	const insert = `INSERT INTO sync_runs (id, account, state, trigger) VALUES (gen_random_uuid(), $1, 'QUEUED', 'REQUEST')`
	exec(t, pool, insert, "before")
	if err := kit.MigrateTo(t.Context(), db.URL, migrations.Discovery(), discoverypg.Schema, 3); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, insert, "after")
	var runs, operations int
	err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM sync_runs), (SELECT count(*) FROM operations)`).Scan(&runs, &operations)
	if err != nil || runs != 2 || operations != 0 {
		t.Errorf("%d runs and %d operations (%v), want 2 and 0", runs, operations, err)
	}
}

// create stores an operation on instances.
func create(t *testing.T, s *discoverypg.Store, batch bool, instances ...string) (*operation.Operation, error) {
	t.Helper()
	o := &operation.Operation{
		Verb: provider.Stop, Batch: batch, MaxParallel: 1, Requester: operation.Requester{Source: operation.UserUnknown},
	}
	for index, instance := range instances {
		o.Targets = append(o.Targets, &operation.Target{
			Index: index, Instance: instance, Account: "a", Provider: cloud.AWS, Exclusive: instance, Key: uuid.NewString(),
			ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "eu-west-1"}, State: operation.TargetPending,
		})
	}
	return s.CreateOperation(t.Context(), o, time.Hour, nil)
}

// One operation at a time works on an instance. A second one is refused; in a batch, only the
// target fails. When the first has ended, another one can begin.
func TestCreateOperation_OneAtATime(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	first, err := create(t, s, false, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create(t, s, false, "x"); fault.ReasonOf(err) != fault.ReasonOperationInProgress {
		t.Errorf("a second one: %v", err)
	}
	second, err := create(t, s, true, "y", "x")
	if err != nil || second.Targets[0].State != operation.TargetPending || second.Targets[1].State != operation.TargetFailed ||
		second.Targets[1].Refusal.Reason != fault.ReasonOperationInProgress {
		t.Errorf("a batch with it: %+v (%v)", second, err)
	}
	claimed, op, err := s.ClaimOperation(t.Context(), first.ID, "w", lease)
	if err != nil {
		t.Fatal(err)
	}
	op.Targets[0].State = operation.TargetSucceeded
	if err := s.SaveTarget(t.Context(), claimed, op.Targets[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := create(t, s, false, "x"); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}

// A worker that was considered dead stores nothing, and no call is made after a cancellation.
func TestCallTarget_FencesOtherWorkers(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	created, err := create(t, s, false, "x")
	if err != nil {
		t.Fatal(err)
	}
	dead, op, err := s.ClaimOperation(t.Context(), created.ID, "dead", lease)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, pool, `UPDATE operations SET lease_time = now() - interval '1 second'`)
	reaped, err := s.ReapOperations(t.Context(), lease)
	if err != nil || len(reaped) != 1 {
		t.Fatalf("reaped %v (%v)", reaped, err)
	}
	alive, operation2, err := s.ClaimOperation(t.Context(), created.ID, "alive", lease)
	if err != nil {
		t.Fatal(err)
	}
	entry := operation.AuditEntry{Event: operation.AuditCalled, Verb: provider.Stop}
	call := func(claim operation.Claim, target *operation.Target) error {
		target.State, target.Calls = operation.TargetCalled, target.Calls+1
		return s.CallTarget(t.Context(), claim, target, entry)
	}
	if err := call(dead, op.Targets[0]); fault.ReasonOf(err) != fault.ReasonOperationLost {
		t.Errorf("the dead one calls: %v", err)
	}
	if err := call(alive, operation2.Targets[0]); err != nil {
		t.Errorf("the other one calls: %v", err)
	}
	if err := s.CancelOperation(t.Context(), created.ID, operation.AuditEntry{Event: operation.AuditCancelRequested}); err != nil {
		t.Fatal(err)
	}
	if err := call(alive, operation2.Targets[0]); fault.ReasonOf(err) != fault.ReasonOperationCancelled {
		t.Errorf("a call after it was cancelled: %v", err)
	}
	if err := s.DeleteOperation(t.Context(), created.ID, entry); fault.ReasonOf(err) != fault.ReasonNotEnded {
		t.Errorf("deleted while it is running: %v", err)
	}
}

// Nobody can change or delete audit entries.
func TestAudit_IsFinal(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	if err := s.Audit(t.Context(), operation.AuditEntry{Event: operation.AuditRefused, Verb: provider.Start, Message: "no"}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`DELETE FROM audit_entries`, `UPDATE audit_entries SET message = 'yes'`, `TRUNCATE audit_entries`} {
		if _, err := pool.Exec(t.Context(), sql); kit.Constraint(err) != "audit_entries_are_final" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	entries, _, err := s.AuditEntries(t.Context(), `message = "no"`, "", 10)
	if err == nil || len(entries) != 0 { // message is not a field of the filter
		t.Errorf("a filter by an unknown field: %v (%v)", entries, err)
	}
	entries, _, err = s.AuditEntries(t.Context(), `event = REFUSED AND verb = START`, "", 10)
	if err != nil || len(entries) != 1 || entries[0].Message != "no" || entries[0].Time.IsZero() {
		t.Errorf("the audit has %v (%v)", entries, err)
	}
}

// Operations are found by the instances that they work on.
func TestOperations_ByInstance(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for _, instance := range []string{"x", "y"} {
		if _, err := create(t, s, false, instance); err != nil {
			t.Fatal(err)
		}
	}
	for filter, want := range map[string]int{
		`instance:"instances/x"`: 1, `instance:"x"`: 1, `account:"accounts/a"`: 2, `done = false`: 2, `done = true`: 0, `instance:"z"`: 0,
	} {
		found, _, err := s.Operations(t.Context(), filter, "", 10)
		if err != nil || len(found) != want {
			t.Errorf("%s: %d (%v), want %d", filter, len(found), err, want)
		}
	}
}
