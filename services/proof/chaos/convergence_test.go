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

// maxSyncs is the number of consecutive syncs, of clouds that no longer change, after which the
// inventory must match the clouds: one may have begun earlier, one finds that many instances are
// missing, one confirms it, and some are spare.
const maxSyncs = 6

// converge ends all faults, and compares the inventory, the watchers and the history with the
// clouds.
func (e *scenario) converge() {
	ctx, cancel := context.WithTimeout(e.ctx, 4*stuckAfter)
	defer cancel()
	if err := e.settle(ctx); err != nil {
		e.oracle.report(connected, "convergence could not begin: %v", err)
		return
	}
	var wrong *violation
	for range maxSyncs {
		if e.syncAll(ctx); e.oracle.firstViolation() != nil {
			return
		}
		if wrong = e.compare(ctx); wrong == nil {
			break
		}
	}
	if wrong != nil {
		e.oracle.report(wrong.Invariant, "%s", wrong.Detail)
		return
	}
	e.compareReplicas(ctx)
	if e.oracle.firstViolation() == nil {
		e.checkHistory(ctx)
	}
}

// settle ends every fault, restores every process and account, and waits until the clouds no longer
// change.
func (e *scenario) settle(ctx context.Context) error {
	e.removeAllFaults()
	clear(e.falseByID)
	e.thaw()
	e.postgres.AwaitReady(e.t)
	for _, name := range e.accountNames() {
		if e.removedAccounts[name] {
			delete(e.removedAccounts, name)
			if err := e.add(ctx, name); err != nil {
				return err
			}
			e.exemptions.restore(name)
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
		e.oracle.report(syncing, "%v", err)
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
func (e *scenario) syncAll(ctx context.Context) {
	runs := map[string]string{}
	for _, name := range e.accountNames() {
		run, err := e.syncAccount(ctx, name)
		if err != nil || run == "" {
			e.oracle.report(syncing, "%s can't be synced: %v", name, err)
			return
		}
		runs[name] = run
	}
	for name, run := range runs {
		if _, err := e.awaitRun(ctx, run); err != nil {
			e.oracle.report(syncing, "%s of %s does not end: %v", run, name, err)
			return
		}
	}
}

// compare compares the inventory with the clouds.
func (e *scenario) compare(ctx context.Context) *violation {
	var wrong *violation
	err := retryWhileUnavailable(ctx, func(ctx context.Context) error {
		instances, err := instancesOf(ctx, e.inventory[0], &inventoryv1.ListInstancesRequest{})
		if err != nil {
			return err
		}
		cloud, err := truthOf(e.world)
		if err != nil {
			return err
		}
		if wrong = differ(instances, cloud); wrong == nil {
			wrong, err = e.checkScopes(ctx)
		}
		return err
	})
	if err != nil {
		return &violation{Invariant: readable, Detail: err.Error()}
	}
	return wrong
}

// differ returns the differences between an inventory and the clouds, nil if there are none.
func differ(instances []*inventoryv1.Instance, cloud truth) *violation {
	var all []string
	byKey := map[string]bool{}
	for _, i := range instances {
		key := keyOf(i)
		if byKey[key] {
			all = append(all, key+" is in the inventory twice")
		}
		byKey[key] = true
		t, there := cloud[key]
		switch {
		case !there:
			all = append(all, describe(i)+" is not in the cloud")
		case t.differences(i) != "":
			all = append(all, key+": "+t.differences(i))
		}
	}
	for key, t := range cloud {
		if !byKey[key] {
			all = append(all, fmt.Sprintf("%s %q of %s is not in the inventory", key, t.want.GetDisplayName(), t.scope))
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	return &violation{Invariant: matchesCloud, Detail: fmt.Sprintf("%d differences: %s", len(all), strings.Join(all[:min(len(all), 5)], "; "))}
}

// checkScopes returns a violation unless every account is connected and every scope is complete.
func (e *scenario) checkScopes(ctx context.Context) (*violation, error) {
	for _, name := range e.accountNames() {
		account, err := e.accounts.GetAccount(ctx, &accountsv1.GetAccountRequest{Name: name})
		if err != nil {
			return nil, err
		}
		// The next sync may have begun. Then the outcome of the last one counts.
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
			return &violation{Invariant: scopesCurrent, Detail: fmt.Sprintf("%s: %v", name, scope)}, nil
		}
	}
	answer, err := e.inventory[1].ListInstances(ctx, &inventoryv1.ListInstancesRequest{PageSize: 1})
	if err == nil && len(answer.GetUnreachable()) > 0 {
		return &violation{Invariant: scopesCurrent, Detail: fmt.Sprintf("unreachable: %v", answer.GetUnreachable())}, nil
	}
	return nil, err
}

// compareReplicas compares the replica of every watcher, and one that is built from the beginning
// of the log, with the inventory.
func (e *scenario) compareReplicas(ctx context.Context) {
	for _, w := range e.watchers {
		if w.pace != nil {
			stop := w.releaseAll()
			defer stop()
		}
	}
	instances, head, err := e.stableInventory(ctx)
	if err != nil {
		e.oracle.report(replicaMatches, "%v", err)
		return
	}
	for _, w := range append([]*watcher{e.first}, e.watchers...) {
		if err := w.awaitRevision(ctx, head); err != nil {
			e.oracle.report(replicaMatches, "%v", err)
			return
		}
		if found := w.differences(instances); found != "" {
			e.oracle.report(replicaMatches, "%s, at revision %d: %s", w, head, found)
		}
	}
	e.replay(ctx, instances, head)
	e.snapshots = append(e.snapshots, snapshot{at: timestamppb.Now(), instances: byName(instances)})
}

// releaseAll lets a slow watcher receive without pauses until stop is called.
func (w *watcher) releaseAll() (stop func()) {
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

// stableInventory returns the inventory with gone instances and its revision. It reads again until
// the head of the log did not move meanwhile.
func (e *scenario) stableInventory(ctx context.Context) (instances []*inventoryv1.Instance, head int64, err error) {
	for {
		before, err := e.head(ctx)
		if err != nil {
			return nil, 0, err
		}
		err = retryWhileUnavailable(ctx, func(ctx context.Context) (err error) {
			instances, err = instancesOf(ctx, e.inventory[0], &inventoryv1.ListInstancesRequest{ShowGone: true})
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		after, err := e.head(ctx)
		if err != nil || before == after {
			return instances, after, err
		}
	}
}

// head returns the last revision of the log.
func (e *scenario) head(ctx context.Context) (revision int64, err error) {
	w := newWatcher(e.oracle, view{"the head", "", allInstances.matches}, true, e.inventory)
	err = e.runUntil(ctx, w, func() bool { return w.begun })
	return w.revision, err
}

// runUntil runs a watcher until done returns true.
func (e *scenario) runUntil(ctx context.Context, w *watcher, content func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, stuckAfter)
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
		case <-e.oracle.broken:
			return e.oracle.firstViolation()
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", w, ctx.Err())
		}
	}
}

// replay builds a replica from the whole log and compares it with the inventory.
func (e *scenario) replay(ctx context.Context, instances []*inventoryv1.Instance, head int64) {
	w := newWatcher(e.oracle, beginning, false, e.inventory)
	w.token = e.origin
	err := e.runUntil(ctx, w, func() bool { return w.revision >= head })
	if err == nil && w.events != head {
		err = fmt.Errorf("%d changes lead to revision %d", w.events, head)
	}
	if err != nil {
		e.oracle.report(replayMatches, "%v", err)
		return
	}
	if found := w.differences(instances); found != "" {
		e.oracle.report(replayMatches, "at revision %d: %s", head, found)
	}
}
