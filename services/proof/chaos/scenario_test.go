package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// plan is the input of a scenario.
type plan struct {
	seed uint64
	// steps is the number of steps before the last convergence check. interval is the number of steps
	// between two.
	steps, interval int
	only            selection
	logf            func(format string, args ...any)
}

// scenario is one run of a schedule.
type scenario struct {
	oracle     *oracle
	exemptions *exemptions
	*deployment
	t    testing.TB
	ctx  context.Context
	logf func(format string, args ...any)

	observers   *observers
	observerCtx context.Context
	first       *watcher // started before the first change, without a filter
	origin      string   // its first token
	watchers    []*watcher
	turn        int

	faults []activeFault
	// recent are the last steps, for the report.
	recent []string
	// falseByID holds the scopes for which a cloud also gave false answers by id since the last
	// convergence check.
	falseByID map[string]bool
	done      map[stepKind]int
	snapshots []snapshot
	// operations are accepted operations that must end.
	operations []string
	// removedAccounts holds the accounts that a step removed.
	removedAccounts map[string]bool
}

// activeFault is a fault and the function that removes it.
type activeFault struct {
	name string
	end  func()
}

// run runs a scenario to its end, and returns the first violation.
func (p plan) run(t testing.TB) *violation {
	t.Helper()
	observers, observerCtx := newObservers(t)
	e := &scenario{
		oracle: newOracle(), exemptions: newExemptions(), t: t, ctx: t.Context(), logf: p.logf,
		observers: observers, observerCtx: observerCtx, done: map[stepKind]int{}, removedAccounts: map[string]bool{}, falseByID: map[string]bool{},
	}
	e.deployment = deploy(t, p.seed)
	e.play(p)
	observers.end()
	broken := e.oracle.firstViolation()
	if broken != nil {
		p.logf("the last steps: %s", strings.Join(e.recent, " "))
		for _, fault := range e.faults {
			p.logf("there was %s", fault.name)
		}
		p.logf("violation: %v\n  (and %d more) logs of the processes: %s", broken, e.oracle.others, e.keepLogs(t.Context()))
	}
	return broken
}

// play runs the steps until an invariant is violated.
func (e *scenario) play(p plan) {
	if err := e.begin(); err != nil {
		e.oracle.report(connected, "at the beginning: %v", err)
		return
	}
	chosen := p.only
	if chosen == nil {
		for i := range p.steps {
			chosen = append(chosen, i)
		}
	}
	all := schedule(p.seed, p.steps)
	began := time.Now()
	for n, index := range chosen {
		if index >= len(all) {
			break
		}
		e.do(all[index])
		if e.oracle.firstViolation() != nil {
			e.logf("violation at step %d, %v", index, all[index])
			return
		}
		if last := n == len(chosen)-1; last || p.interval > 0 && (n+1)%p.interval == 0 {
			e.converge()
			e.progress(p.seed, n+1, len(chosen), time.Since(began))
			if e.oracle.firstViolation() != nil {
				return
			}
		}
	}
}

// progress prints the progress.
func (e *scenario) progress(seed uint64, step, steps int, took time.Duration) {
	faults, kills := 0, 0
	for kind, n := range e.done {
		switch kind {
		case inject, falseAnswer, signIn:
			faults += n
		case killWorker, freezeWorker, killInventory, freezeInventory, killAccounts, killPostgres:
			kills += n
		}
	}
	e.first.mu.Lock()
	revision := e.first.revision
	e.first.mu.Unlock()
	outcome := "no violation"
	if broken := e.oracle.firstViolation(); broken != nil {
		outcome = "VIOLATION"
	}
	e.logf("seed %d: step %d of %d after %s: %d faults and false answers, %d kills, %d changes of the inventory, %d checks: %s",
		seed, step, steps, took.Round(time.Second), faults, kills, revision, e.oracle.checks.Load(), outcome)
}

// begin starts the observers, and then adds the accounts.
func (e *scenario) begin() error {
	e.first = newWatcher(e.oracle, beginning, false, e.inventory)
	ctx, cancel := context.WithTimeout(e.ctx, stuckAfter)
	defer cancel()
	e.observers.start(e.observerCtx, e.first.run)
	if err := e.awaitToken(ctx); err != nil {
		return err
	}
	for i := range 2 {
		r := &reader{checker: newChecker(fmt.Sprintf("reader %d", i), e.oracle, e.exemptions), inventories: e.inventory, turn: i,
			cloud: func() (truth, error) { return truthOf(e.world) }}
		e.observers.start(e.observerCtx, r.run)
	}
	e.watch(allInstances, true, false)
	for i, v := range views() {
		e.watch(v, i%2 == 0, i == 3)
	}
	for _, name := range e.accountNames() {
		if err := e.add(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// awaitToken waits for the resume token that precedes all changes.
func (e *scenario) awaitToken(ctx context.Context) error {
	for {
		e.first.mu.Lock()
		token, moved := e.first.token, e.first.moved
		e.first.mu.Unlock()
		if token != "" {
			e.origin = token
			return nil
		}
		select {
		case <-moved:
		case <-e.oracle.broken:
			return e.oracle.firstViolation()
		case <-ctx.Done():
			return fmt.Errorf("%s has no token: %w", e.first, ctx.Err())
		}
	}
}

// watch starts a watcher.
func (e *scenario) watch(v view, list, slow bool) {
	w := newWatcher(e.oracle, v, list, e.inventory)
	w.turn = len(e.watchers)
	if slow {
		w.pace = make(chan struct{})
	}
	e.watchers = append(e.watchers, w)
	e.observers.start(e.observerCtx, w.run)
}

// accountNames returns the names of the clouds' accounts in the API.
func (e *scenario) accountNames() []string {
	var names []string
	for _, id := range amazonAccounts {
		names = append(names, amazonAccount(id))
	}
	for _, id := range googleProjects {
		names = append(names, googleAccount(id))
	}
	return names
}

// cloudID returns the cloud's id of an account.
func cloudID(name string) string { return name[len("accounts/aws-"):] }

func isGoogle(name string) bool { return slices.Contains(googleProjects, cloudID(name)) }

// account returns the account to create.
func (e *scenario) account(name string) (*accountsv1.Account, error) {
	id := cloudID(name)
	if !isGoogle(name) {
		key := e.aws.Key(id)
		return &accountsv1.Account{Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{
			AccountId: id, Credentials: &accountsv1.AwsAccount_AccessKey{AccessKey: &accountsv1.AwsAccessKey{
				AccessKeyId: key.AccessKeyID, SecretAccessKey: key.Secret,
			}},
		}}}, nil
	}
	key, err := e.google.KeyJSON(id)
	if err != nil {
		return nil, err
	}
	return &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{
		ProjectId: id, Regions: googleRegions, Credentials: &accountsv1.GcpProject_ServiceAccountKey{
			ServiceAccountKey: &accountsv1.GcpServiceAccountKey{Json: string(key)},
		},
	}}}, nil
}

// add creates an account.
func (e *scenario) add(ctx context.Context, name string) error {
	account, err := e.account(name)
	if err != nil {
		return err
	}
	return retryWhileUnavailable(ctx, func(ctx context.Context) error {
		_, err := e.accounts.CreateAccount(ctx, &accountsv1.CreateAccountRequest{Account: account})
		if status.Code(err) == codes.AlreadyExists {
			return nil
		}
		return err
	})
}

// change updates fields of an account.
func (e *scenario) change(ctx context.Context, account *accountsv1.Account, fields ...string) error {
	return retryWhileUnavailable(ctx, func(ctx context.Context) error {
		_, err := e.accounts.UpdateAccount(ctx, &accountsv1.UpdateAccountRequest{
			Account: account, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields},
		})
		if status.Code(err) == codes.NotFound {
			return nil
		}
		return err
	})
}

// retryWhileUnavailable calls until a server responds.
func retryWhileUnavailable(ctx context.Context, call func(context.Context) error) error {
	for {
		once, cancel := context.WithTimeout(ctx, callTimeout)
		err := call(once)
		cancel()
		if err == nil || !isUnavailable(err) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// syncAccount requests a sync of an account. run is empty if the account does not exist or is
// paused.
func (e *scenario) syncAccount(ctx context.Context, name string) (run string, err error) {
	err = retryWhileUnavailable(ctx, func(ctx context.Context) error {
		queued, err := e.worker().SyncAccount(ctx, &discoveryv1.SyncAccountRequest{Name: name})
		switch status.Code(err) {
		case codes.NotFound, codes.FailedPrecondition: // it is removed or paused
			return nil
		}
		run = queued.GetName()
		return err
	})
	return run, err
}

// worker returns a discovery that is not frozen.
func (e *scenario) worker() discoveryv1.DiscoveryServiceClient { return e.discovery[e.workerIndex()] }

// workerIndex returns the index of a discovery that is not frozen; all take turns.
func (e *scenario) workerIndex() int {
	e.turn++
	for i := range e.workers {
		if n := (e.turn + i) % len(e.workers); !e.workers[n].isFrozen() {
			return n
		}
	}
	return 0
}

// awaitRun waits for the end of a sync run, also while discoveries restart. A run that no longer
// exists has ended.
func (e *scenario) awaitRun(ctx context.Context, run string) (last *discoveryv1.SyncRun, err error) {
	err = retryWhileUnavailable(ctx, func(ctx context.Context) error {
		stream, err := e.worker().WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: run})
		for err == nil && last.GetEndTime() == nil {
			var m *discoveryv1.WatchSyncRunResponse
			if m, err = stream.Recv(); err == nil {
				last = m.GetSyncRun()
			}
		}
		if status.Code(err) == codes.NotFound || last.GetEndTime() != nil {
			return nil
		}
		return err
	})
	return last, err
}
