package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// enoughSyncs is how many syncs in a row, of clouds in which nothing happens any
// more, must have made the roll the cloud: one may have begun before, one finds
// that much is missing, one confirms it, and some are to spare.
const enoughSyncs = 6

// beQuiet ends all trouble, and holds the roll, the watchers and the past against
// the clouds.
func (e *episode) beQuiet() {
	ctx, cancel := context.WithTimeout(e.ctx, 4*hang)
	defer cancel()
	if err := e.calm(ctx); err != nil {
		e.report(connected, "the quiet could not begin: %v", err)
		return
	}
	var wrong *violation
	for range enoughSyncs {
		if e.syncAll(ctx); e.verdict() != nil {
			return
		}
		if wrong = e.compare(ctx); wrong == nil {
			break
		}
	}
	if wrong != nil {
		e.report(wrong.Invariant, "%s", wrong.Detail)
		return
	}
	e.compareReplicas(ctx)
	if e.verdict() == nil {
		e.lookBack(ctx)
	}
}

// calm ends every fault, brings everything back, and waits until nothing moves
// in the clouds.
func (e *episode) calm(ctx context.Context) error {
	e.healAll()
	clear(e.deceived)
	e.thaw()
	e.postgres.AwaitReady(e.t)
	for _, name := range e.accountNames() {
		if e.off[name] {
			delete(e.off, name)
			if err := e.add(ctx, name); err != nil {
				return err
			}
			e.putBack(name)
		}
		account := &accountsv1.Account{Name: name}
		field := "aws.regions"
		if isGoogle(name) {
			field = "gcp.regions"
			account.Cloud = &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{ProjectId: cloudID(name), Regions: googleRegions}}
		} else {
			account.Cloud = &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{AccountId: cloudID(name)}}
		}
		if err := e.change(ctx, account, "paused", field); err != nil {
			return err
		}
	}
	if err := e.awaitOperations(ctx); err != nil {
		e.report(syncing, "%v", err)
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		cloud, err := truthOf(e.world)
		if err != nil {
			return err
		}
		if cloud.settled() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the clouds do not settle: %w", ctx.Err())
		}
	}
}

// syncAll syncs every account once.
func (e *episode) syncAll(ctx context.Context) {
	runs := map[string]string{}
	for _, name := range e.accountNames() {
		run, err := e.syncAccount(ctx, name)
		if err != nil || run == "" {
			e.report(syncing, "%s can't be synced: %v", name, err)
			return
		}
		runs[name] = run
	}
	for name, run := range runs {
		if _, err := e.awaitRun(ctx, run); err != nil {
			e.report(syncing, "%s of %s does not end: %v", run, name, err)
			return
		}
	}
}

// compare holds the roll against the clouds.
func (e *episode) compare(ctx context.Context) *violation {
	var wrong *violation
	err := insist(ctx, func(ctx context.Context) error {
		roll, err := instancesOf(ctx, e.inventory[0], &inventoryv1.ListInstancesRequest{})
		if err != nil {
			return err
		}
		cloud, err := truthOf(e.world)
		if err != nil {
			return err
		}
		if wrong = differ(roll, cloud); wrong == nil {
			wrong, err = e.allVouched(ctx)
		}
		return err
	})
	if err != nil {
		return &violation{Invariant: readable, Detail: err.Error()}
	}
	return wrong
}

// differ tells how the roll and the cloud differ, nil when they don't.
func differ(roll []*inventoryv1.Instance, cloud truth) *violation {
	var all []string
	onRoll := map[string]bool{}
	for _, i := range roll {
		key := keyOf(i)
		if onRoll[key] {
			all = append(all, key+" is on the roll twice")
		}
		onRoll[key] = true
		t, there := cloud[key]
		switch {
		case !there:
			all = append(all, describe(i)+" is not in the cloud")
		case t.differences(i) != "":
			all = append(all, key+": "+t.differences(i))
		}
	}
	for key, t := range cloud {
		if !onRoll[key] {
			all = append(all, fmt.Sprintf("%s %q of %s is not on the roll", key, t.want.GetDisplayName(), t.scope))
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	return &violation{Invariant: rollIsCloud, Detail: fmt.Sprintf("%d differences: %s", len(all), strings.Join(all[:min(len(all), 5)], "; "))}
}

// allVouched tells whether every account is connected and every scope vouched
// for.
func (e *episode) allVouched(ctx context.Context) (*violation, error) {
	for _, name := range e.accountNames() {
		account, err := e.accounts.GetAccount(ctx, &accountsv1.GetAccountRequest{Name: name})
		if err != nil {
			return nil, err
		}
		// The next sync may have begun; then the outcome of the last one is what counts.
		c := account.GetConnection()
		if c.GetStatus() != accountsv1.Connection_CONNECTED && (c.GetStatus() != accountsv1.Connection_SYNCING || c.GetLastError() != "") {
			return &violation{Invariant: connected, Detail: fmt.Sprintf("%s is %v: %s", name, c.GetStatus(), c.GetLastError())}, nil
		}
	}
	scopes, err := scopesOf(ctx, e.inventory[1])
	if err != nil {
		return nil, err
	}
	for name, scope := range scopes {
		if scope.GetLastError() != "" || scope.GetHold() != nil || scope.GetLastCompleteTime() == nil {
			return &violation{Invariant: vouched, Detail: fmt.Sprintf("%s: %v", name, scope)}, nil
		}
	}
	answer, err := e.inventory[1].ListInstances(ctx, &inventoryv1.ListInstancesRequest{PageSize: 1})
	if err == nil && len(answer.GetUnreachable()) > 0 {
		return &violation{Invariant: vouched, Detail: fmt.Sprintf("unreachable: %v", answer.GetUnreachable())}, nil
	}
	return nil, err
}

// compareReplicas holds every watcher's replica, and one made from the log's
// beginning, against the roll.
func (e *episode) compareReplicas(ctx context.Context) {
	for _, w := range e.watchers {
		if w.pace != nil {
			stop := w.hurry()
			defer stop()
		}
	}
	roll, head, err := e.still(ctx)
	if err != nil {
		e.report(replicaIs, "%v", err)
		return
	}
	for _, w := range append([]*watcher{e.first}, e.watchers...) {
		if err := w.awaitRevision(ctx, head); err != nil {
			e.report(replicaIs, "%v", err)
			return
		}
		if found := w.differences(roll); found != "" {
			e.report(replicaIs, "%s, at revision %d: %s", w, head, found)
		}
	}
	e.replay(ctx, roll, head)
	e.past = append(e.past, image{at: timestamppb.Now(), roll: byName(roll)})
}

// hurry lets a slow watcher go on without a pause until the function is called.
func (w *watcher) hurry() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case w.pace <- struct{}{}:
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// still is the roll, gone ones too, and the revision it is at: read between two
// looks at the head of the log that find it at one place.
func (e *episode) still(ctx context.Context) (roll []*inventoryv1.Instance, head int64, err error) {
	for {
		before, err := e.head(ctx)
		if err != nil {
			return nil, 0, err
		}
		err = insist(ctx, func(ctx context.Context) (err error) {
			roll, err = instancesOf(ctx, e.inventory[0], &inventoryv1.ListInstancesRequest{ShowGone: true})
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		after, err := e.head(ctx)
		if err != nil || before == after {
			return roll, after, err
		}
	}
}

// head is where the log ends.
func (e *episode) head(ctx context.Context) (revision int64, err error) {
	w := newWatcher(e.court, view{"the head", "", everything.matches}, true, e.inventory)
	err = e.awhile(ctx, w, func() bool { return w.begun })
	return w.revision, err
}

// awhile runs a watcher until it is content.
func (e *episode) awhile(ctx context.Context, w *watcher, content func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, hang)
	done := make(chan struct{})
	go func() { defer close(done); w.run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		w.mu.Lock()
		enough, moved := content(), w.moved
		w.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-moved:
		case <-e.broken:
			return e.verdict()
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", w, ctx.Err())
		}
	}
}

// replay makes a replica from the whole log.
func (e *episode) replay(ctx context.Context, roll []*inventoryv1.Instance, head int64) {
	w := newWatcher(e.court, beginning, false, e.inventory)
	w.token = e.origin
	err := e.awhile(ctx, w, func() bool { return w.revision >= head })
	if err == nil && w.events != head {
		err = fmt.Errorf("%d changes lead to revision %d", w.events, head)
	}
	if err != nil {
		e.report(replayIs, "%v", err)
		return
	}
	if found := w.differences(roll); found != "" {
		e.report(replayIs, "at revision %d: %s", head, found)
	}
}
