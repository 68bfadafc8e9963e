package chaos

import (
	"context"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

const (
	sigStop = syscall.SIGSTOP
	sigCont = syscall.SIGCONT
	sigKill = syscall.SIGKILL
)

// pick picks an element by a number of a step.
func pick[T any](list []T, n int) T { return list[n%len(list)] }

// do runs a step. It skips what is not possible in the present state.
func (e *scenario) do(s step) {
	e.done[s.kind]++
	e.recent = append(e.recent, time.Now().Format("04:05.0 ")+s.String())
	e.recent = e.recent[max(0, len(e.recent)-20):]
	ctx, cancel := context.WithTimeout(e.ctx, stuckAfter)
	defer cancel()
	var err error
	switch s.kind {
	case inject:
		e.injectFault(s)
	case falseAnswer:
		e.injectFalseAnswer(s)
	case endFault:
		e.removeFault(s.a)
	case signIn:
		e.breakCredentials(s)
	case killWorker, freezeWorker, killInventory, freezeInventory, killAccounts, killPostgres, thaw:
		err = e.process(ctx, s)
	case operate:
		err = e.operate(ctx, s)
	case pause, toggleAccount, narrow:
		err = e.changeAccount(ctx, s)
	case syncNow, kick:
		err = e.syncStep(ctx, s)
	case confirm:
		err = e.confirmHold(ctx, s)
	case cutWatch:
		pick(append([]*watcher{e.first}, e.watchers...), s.a).kill()
	case newWatch:
		if len(e.watchers) < 12 {
			e.watch(pick(append(views(), allInstances), s.a), s.b%2 == 0, s.c%4 == 0)
		}
	default:
		e.changeCloud(s)
	}
	if err != nil {
		e.oracle.report(readable, "step %v: %v", s, err)
	}
	for _, w := range e.watchers {
		w.releaseOne()
	}
}

// releaseOne lets a slow watcher receive its next message.
func (w *watcher) releaseOne() {
	if w.pace != nil {
		select {
		case w.pace <- struct{}{}:
		default:
		}
	}
}

// process kills, freezes or continues a process: often during syncs, and often only after others
// have taken over from a frozen one.
func (e *scenario) process(ctx context.Context, s step) error {
	if s.b%3 > 0 {
		for _, name := range e.accountNames() {
			run, err := e.syncAccount(ctx, name)
			if err == nil && run != "" && s.kind == thaw {
				_, err = e.awaitRun(ctx, run)
			}
			if err != nil {
				return err
			}
		}
	}
	inventories := e.children[1:3]
	switch s.kind {
	case killWorker:
		pick(e.workers, s.a).signal(sigKill)
	case freezeWorker: // keep one running
		if c := pick(e.workers, s.a); !e.anyFrozen(e.workers) {
			c.signal(sigStop)
		}
	case killInventory:
		pick(inventories, s.a).signal(sigKill)
	case freezeInventory:
		if c := pick(inventories, s.a); !e.anyFrozen(inventories) {
			c.signal(sigStop)
		}
	case killAccounts:
		e.children[0].signal(sigKill)
	case killPostgres:
		e.postgres.AwaitReady(e.t) // from an earlier kill
		e.postgres.Kill(e.t)
	case thaw:
		e.thaw()
	}
	return nil
}

func (e *scenario) anyFrozen(children []*child) bool {
	for _, c := range children {
		if c.isFrozen() {
			return true
		}
	}
	return false
}

// changeAccount pauses, removes or narrows an account, or reverses that.
func (e *scenario) changeAccount(ctx context.Context, s step) error {
	name := pick(e.accountNames(), s.a)
	account := &accountsv1.Account{Name: name}
	switch {
	case s.kind == pause:
		account.Paused = s.b%2 == 0
		return e.change(ctx, account, "paused")
	case s.kind == narrow && isGoogle(name):
		account.Cloud = &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{ProjectId: cloudID(name), Regions: googleRegions[:1+s.b%2]}}
		return e.change(ctx, account, "gcp.regions")
	case s.kind == narrow:
		account.Cloud = &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{AccountId: cloudID(name), Regions: amazonRegions[:1+s.b%2]}}
		return e.change(ctx, account, "aws.regions")
	case e.removedAccounts[name]:
		delete(e.removedAccounts, name)
		err := e.add(ctx, name)
		e.exemptions.restore(name)
		return err
	default:
		e.removedAccounts[name] = true
		e.exemptions.remove(name)
		return retryWhileUnavailable(ctx, func(ctx context.Context) error {
			_, err := e.accounts.DeleteAccount(ctx, &accountsv1.DeleteAccountRequest{Name: name})
			if status.Code(err) == codes.NotFound {
				return nil
			}
			return err
		})
	}
}

// syncStep requests a sync, and waits for its end if the step is syncNow.
func (e *scenario) syncStep(ctx context.Context, s step) error {
	name := pick(e.accountNames(), s.a)
	run, err := e.syncAccount(ctx, name)
	if err != nil || run == "" || s.kind == kick {
		return err
	}
	if _, err := e.awaitRun(ctx, run); err != nil {
		e.oracle.report(syncing, "%s of %s does not end: %v", run, name, err)
	}
	return nil
}

// confirmHold confirms held scopes, like a person with better knowledge. It spares scopes with
// false lists: if a person confirms them, the inventory is not at fault.
func (e *scenario) confirmHold(ctx context.Context, s step) error {
	once, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	inventory := pick(e.inventory, s.a)
	scopes, err := scopesOf(once, inventory)
	if err != nil {
		if isUnavailable(err) {
			err = nil
		}
		return err
	}
	for name, scope := range scopes {
		if scope.GetHold() == nil || e.exemptions.mayBeFalse(name, scope.GetHold().GetHoldTime().AsTime()) {
			continue
		}
		_, err := inventory.ConfirmScope(once, &inventoryv1.ConfirmScopeRequest{Name: name, HoldTime: scope.GetHold().GetHoldTime()})
		if err != nil && !isUnavailable(err) && !isPrecondition(err) {
			return err
		}
	}
	return nil
}
