package app_test

import (
	"syscall"
	"testing"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// A process that is suspended while it reads a scope, and resumes after another one has read the
// account, overwrites nothing: neither with what it has read nor with a failure.
func TestSync_SuspendedProcessResumes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault cloudsim.Fault
		// seen is how many instances it has sent when it is suspended.
		seen int
	}{
		{"reading", cloudsim.Fault{Call: cloudsim.Call{Service: "ec2", Action: "DescribeInstances"}, Kind: cloudsim.Hang, Skip: 1}, 20},
		{"signing in", cloudsim.Fault{Call: cloudsim.Call{Service: "sts", Action: "GetCallerIdentity"}, Kind: cloudsim.Hang}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := start(t, oneRegion(), smallPages)
			cloudID := r.aws.Accounts()[1]
			account := r.add(cloudID)
			r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
			r.stopDiscovery()
			unhang := r.world.Inject(test.fault)
			child, _ := r.startChild(hurried)
			zombie := r.busy(account, test.seen)
			if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			unhang()
			truth, err := r.aws.Truth(cloudID)
			if err != nil {
				t.Fatal(err)
			}
			renamed := truth.Instances[0].ID
			if err := r.aws.Retag(cloudID, home, renamed, map[string]string{"Name": "renamed"}); err != nil {
				t.Fatal(err)
			}
			r.restartDiscovery()
			if ended := r.watch(zombie); ended.GetState() != discoveryv1.SyncRun_ABANDONED {
				t.Errorf("the stopped worker's run is %v", ended)
			}
			run := r.sync(account.GetName())
			if run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
				t.Errorf("the next run is %v", run)
			}

			if err := child.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the worker that was stopped gives up", func() (bool, any) {
				return child.Stdout.(*output).has("run abandoned"), nil
			})
			r.wantTruth(account)
			r.wantUnreachable(account.GetName())
			if got := r.instances(account.GetName())[renamed]; got.GetDisplayName() != "renamed" {
				t.Errorf("it is %v", got)
			}
			if connection := r.connection(account.GetName(), accountsv1.Connection_CONNECTED); connection.GetSyncRun() != run.GetName() {
				t.Errorf("the connection is %v", connection)
			}
		})
	}
}

// busy waits until an account that is due is being read and a number of its machines were observed,
// while no process serves requests.
func (r *rollcall) busy(account *accountsv1.Account, seen int) (run string) {
	r.t.Helper()
	pool := r.db.Pool(r.t)
	id := account.GetName()[len("accounts/"):]
	if _, err := pool.Exec(r.t.Context(), `UPDATE schedules SET next_sync_time = now() WHERE account = $1`, id); err != nil {
		r.t.Fatal(err)
	}
	const busy = `
		SELECT 'syncRuns/' || id FROM sync_runs WHERE account = $1 AND state = 'RUNNING'
		AND COALESCE((SELECT sum(instances_seen) FROM sync_run_scopes WHERE run = id AND kind = 'VIRTUAL_MACHINE'), 0) = $2`
	eventually(r.t, account.GetName()+" is being read", func() (bool, any) {
		err := pool.QueryRow(r.t.Context(), busy, id, seen).Scan(&run)
		return err == nil, err
	})
	return run
}
