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

// plan is what an episode is made from.
type plan struct {
	seed uint64
	// steps is how many steps come before the last quiet, and quiet after how many
	// there is one in between.
	steps, quiet int
	only         selection
	say          func(format string, args ...any)
}

// episode is one run of a schedule.
type episode struct {
	*court
	*excuses
	*deployment
	t   testing.TB
	ctx context.Context
	say func(format string, args ...any)

	sights   *onlookers
	sightCtx context.Context
	first    *watcher // from before there was anything, without a filter
	origin   string   // its first token
	watchers []*watcher
	turn     int

	faults []activeFault
	// recent are the last steps, for people.
	recent []string
	// deceived are the scopes about which a cloud lied even by id, since the last
	// quiet.
	deceived map[string]bool
	done     map[stepKind]int
	past     []image
	// operations were begun, and must end.
	operations []string
	// off are the accounts that a step took off the roll.
	off map[string]bool
}

// activeFault is a fault, and what takes it away.
type activeFault struct {
	name string
	end  func()
}

// run plays an episode to its end, and returns what it broke.
func (p plan) run(t testing.TB) *violation {
	t.Helper()
	sights, sightCtx := newOnlookers(t)
	e := &episode{
		court: newCourt(), excuses: newExcuses(), t: t, ctx: t.Context(), say: p.say,
		sights: sights, sightCtx: sightCtx, done: map[stepKind]int{}, off: map[string]bool{}, deceived: map[string]bool{},
	}
	e.deployment = deploy(t, p.seed)
	e.play(p)
	sights.end()
	broken := e.verdict()
	if broken != nil {
		p.say("the last steps: %s", strings.Join(e.recent, " "))
		for _, fault := range e.faults {
			p.say("there was %s", fault.name)
		}
		p.say("broken: %v\n  (and %d more) what the processes said: %s", broken, e.others, e.keepLogs(t.Context()))
	}
	return broken
}

// play does it all, until something is broken.
func (e *episode) play(p plan) {
	if err := e.begin(); err != nil {
		e.report(connected, "at the beginning: %v", err)
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
	for n, place := range chosen {
		if place >= len(all) {
			break
		}
		e.do(all[place])
		if e.verdict() != nil {
			e.say("broken at step %d, %v", place, all[place])
			return
		}
		if last := n == len(chosen)-1; last || p.quiet > 0 && (n+1)%p.quiet == 0 {
			e.beQuiet()
			e.progress(p.seed, n+1, len(chosen), time.Since(began))
			if e.verdict() != nil {
				return
			}
		}
	}
}

// progress tells people how it goes.
func (e *episode) progress(seed uint64, step, steps int, took time.Duration) {
	faults, kills := 0, 0
	for kind, n := range e.done {
		switch kind {
		case inject, deceit, signIn:
			faults += n
		case killWorker, freezeWorker, killInventory, freezeRoll, killAccounts, killPostgres:
			kills += n
		}
	}
	e.first.mu.Lock()
	revision := e.first.revision
	e.first.mu.Unlock()
	outcome := "all is well"
	if broken := e.verdict(); broken != nil {
		outcome = "BROKEN"
	}
	e.say("seed %d: step %d of %d after %s: %d faults and lies, %d kills, %d changes of the roll, %d checks: %s",
		seed, step, steps, took.Round(time.Second), faults, kills, revision, e.checks.Load(), outcome)
}

// begin puts the onlookers in their places, and then the accounts on the roll.
func (e *episode) begin() error {
	e.first = newWatcher(e.court, beginning, false, e.inventory)
	ctx, cancel := context.WithTimeout(e.ctx, hang)
	defer cancel()
	e.sights.look(e.sightCtx, e.first.run)
	if err := e.awaitToken(ctx); err != nil {
		return err
	}
	for i := range 2 {
		r := &reader{judge: newJudge(fmt.Sprintf("reader %d", i), e.court, e.excuses), rolls: e.inventory, turn: i,
			cloud: func() (truth, error) { return truthOf(e.world) }}
		e.sights.look(e.sightCtx, r.run)
	}
	e.watch(everything, true, false)
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

// awaitToken waits for the token that stands before all changes.
func (e *episode) awaitToken(ctx context.Context) error {
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
		case <-e.broken:
			return e.verdict()
		case <-ctx.Done():
			return fmt.Errorf("%s has no token: %w", e.first, ctx.Err())
		}
	}
}

// watch starts a watcher.
func (e *episode) watch(v view, list, slow bool) {
	w := newWatcher(e.court, v, list, e.inventory)
	w.turn = len(e.watchers)
	if slow {
		w.pace = make(chan struct{})
	}
	e.watchers = append(e.watchers, w)
	e.sights.look(e.sightCtx, w.run)
}

// accountNames are the accounts of the clouds, as the roll names them.
func (e *episode) accountNames() []string {
	var names []string
	for _, id := range amazonAccounts {
		names = append(names, amazonAccount(id))
	}
	for _, id := range googleProjects {
		names = append(names, googleAccount(id))
	}
	return names
}

// cloudID is what the cloud calls an account.
func cloudID(name string) string { return name[len("accounts/aws-"):] }

func isGoogle(name string) bool { return slices.Contains(googleProjects, cloudID(name)) }

// account is what an account is put on the roll with.
func (e *episode) account(name string) (*accountsv1.Account, error) {
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

// add puts an account on the roll.
func (e *episode) add(ctx context.Context, name string) error {
	account, err := e.account(name)
	if err != nil {
		return err
	}
	return insist(ctx, func(ctx context.Context) error {
		_, err := e.accounts.CreateAccount(ctx, &accountsv1.CreateAccountRequest{Account: account})
		if status.Code(err) == codes.AlreadyExists {
			return nil
		}
		return err
	})
}

// change changes fields of an account.
func (e *episode) change(ctx context.Context, account *accountsv1.Account, fields ...string) error {
	return insist(ctx, func(ctx context.Context) error {
		_, err := e.accounts.UpdateAccount(ctx, &accountsv1.UpdateAccountRequest{
			Account: account, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields},
		})
		if status.Code(err) == codes.NotFound {
			return nil
		}
		return err
	})
}

// insist calls until somebody is there to answer.
func insist(ctx context.Context, call func(context.Context) error) error {
	for {
		once, cancel := context.WithTimeout(ctx, patience)
		err := call(once)
		cancel()
		if err == nil || !isAway(err) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// syncAccount asks a worker to sync an account; run is empty when the account is
// not on the roll.
func (e *episode) syncAccount(ctx context.Context, name string) (run string, err error) {
	err = insist(ctx, func(ctx context.Context) error {
		queued, err := e.worker().SyncAccount(ctx, &discoveryv1.SyncAccountRequest{Name: name})
		switch status.Code(err) {
		case codes.NotFound, codes.FailedPrecondition: // it is off the roll, or paused
			return nil
		}
		run = queued.GetName()
		return err
	})
	return run, err
}

// worker is a discovery that is not frozen.
func (e *episode) worker() discoveryv1.DiscoveryServiceClient { return e.discovery[e.awake()] }

// awake is the place of a discovery that is not frozen, of all in turn.
func (e *episode) awake() int {
	e.turn++
	for i := range e.workers {
		if n := (e.turn + i) % len(e.workers); !e.workers[n].isFrozen() {
			return n
		}
	}
	return 0
}

// awaitRun waits for the end of a sync run, through deaths of who tells of it. A
// run that is not known any more has ended too.
func (e *episode) awaitRun(ctx context.Context, run string) (last *discoveryv1.SyncRun, err error) {
	err = insist(ctx, func(ctx context.Context) error {
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
