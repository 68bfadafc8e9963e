package app_test

import (
	"testing"
	"time"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
)

// From the second run on, accounts that hang share a worker of their own: however many they are and
// however long they take, the others are read meanwhile. When they answer again, they are treated
// as the others.
func TestSync_HungAccountsShareWorker(t *testing.T) {
	t.Parallel()
	world := small()
	world.aws.Accounts = 8
	r := start(t, world, func(c *app.Config) { c.Workers = 2 })
	ids := r.aws.Accounts()[1:]
	var hung, healthy []*accountsv1.Account
	for _, id := range ids[:4] {
		r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: id}, Kind: cloudsim.Hang})
		hung = append(hung, r.add(id))
	}
	for _, account := range hung {
		r.connection(account.GetName(), accountsv1.Connection_FAILED)
	}
	for _, id := range ids[4:] {
		healthy = append(healthy, r.add(id))
	}
	for _, account := range healthy {
		r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	}

	queue := func(account *accountsv1.Account) string {
		t.Helper()
		run, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
		if err != nil {
			t.Fatal(err)
		}
		return run.GetName()
	}
	var runs []string
	for _, account := range hung {
		runs = append(runs, queue(account))
	}
	for _, account := range healthy {
		if run := r.watch(queue(account)); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
			t.Errorf("beside hung accounts a run is %v", run)
		}
	}
	var busyUntil time.Time
	for _, name := range runs { // They are worked in their order.
		run := r.watch(name)
		if run.GetState() != discoveryv1.SyncRun_FAILED || run.GetErrorReason() != "UNREACHABLE" {
			t.Errorf("of a hung account the run is %v", run)
		}
		if run.GetStartTime().AsTime().Before(busyUntil) {
			t.Errorf("%s began at %s, and the worker was busy until %s", name, run.GetStartTime().AsTime(), busyUntil)
		}
		busyUntil = run.GetEndTime().AsTime()
	}

	r.world.ClearFaults()
	for _, account := range hung {
		r.watch(queue(account))
		r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	}
	var slow int
	if err := r.db.Pool(t).QueryRow(t.Context(), `SELECT count(*) FROM schedules WHERE slow`).Scan(&slow); err != nil || slow != 0 {
		t.Errorf("%d accounts are slow still (%v)", slow, err)
	}
}
