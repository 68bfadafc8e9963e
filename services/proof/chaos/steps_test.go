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

// pick chooses one of a list by a step's number.
func pick[T any](list []T, n int) T { return list[n%len(list)] }

// do does a step. What can't be done as things are is left undone.
func (e *episode) do(s step) {
	e.done[s.kind]++
	e.recent = append(e.recent, time.Now().Format("04:05.0 ")+s.String())
	e.recent = e.recent[max(0, len(e.recent)-20):]
	ctx, cancel := context.WithTimeout(e.ctx, hang)
	defer cancel()
	var err error
	switch s.kind {
	case inject:
		e.injectFault(s)
	case deceit:
		e.injectLie(s)
	case heal:
		e.healFault(s.a)
	case signIn:
		e.breakCredentials(s)
	case killWorker, freezeWorker, killInventory, freezeRoll, killAccounts, killPostgres, thaw:
		err = e.process(ctx, s)
	case operate:
		err = e.operate(ctx, s)
	case pause, leave, narrow:
		err = e.changeAccount(ctx, s)
	case syncNow, kick:
		err = e.syncStep(ctx, s)
	case confirm:
		err = e.confirmHold(ctx, s)
	case cutWatch:
		pick(append([]*watcher{e.first}, e.watchers...), s.a).kill()
	case newWatch:
		if len(e.watchers) < 12 {
			e.watch(pick(append(views(), everything), s.a), s.b%2 == 0, s.c%4 == 0)
		}
	default:
		e.changeCloud(s)
	}
	if err != nil {
		e.report(readable, "step %v: %v", s, err)
	}
	for _, w := range e.watchers {
		w.letOne()
	}
}

// letOne lets a slow watcher take its next message.
func (w *watcher) letOne() {
	if w.pace != nil {
		select {
		case w.pace <- struct{}{}:
		default:
		}
	}
}

// process kills, freezes or thaws something: often in the middle of syncs, and
// often only after others have taken over from what was frozen.
func (e *episode) process(ctx context.Context, s step) error {
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
	case freezeWorker: // one works on
		if c := pick(e.workers, s.a); !e.anyFrozen(e.workers) {
			c.signal(sigStop)
		}
	case killInventory:
		pick(inventories, s.a).signal(sigKill)
	case freezeRoll:
		if c := pick(inventories, s.a); !e.anyFrozen(inventories) {
			c.signal(sigStop)
		}
	case killAccounts:
		e.children[0].signal(sigKill)
	case killPostgres:
		e.postgres.AwaitReady(e.t) // from the time before
		e.postgres.Kill(e.t)
	case thaw:
		e.thaw()
	}
	return nil
}

func (e *episode) anyFrozen(children []*child) bool {
	for _, c := range children {
		if c.isFrozen() {
			return true
		}
	}
	return false
}

// changeAccount pauses, removes or narrows an account, or takes that back.
func (e *episode) changeAccount(ctx context.Context, s step) error {
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
	case e.off[name]:
		delete(e.off, name)
		err := e.add(ctx, name)
		e.putBack(name)
		return err
	default:
		e.off[name] = true
		e.remove(name)
		return insist(ctx, func(ctx context.Context) error {
			_, err := e.accounts.DeleteAccount(ctx, &accountsv1.DeleteAccountRequest{Name: name})
			if status.Code(err) == codes.NotFound {
				return nil
			}
			return err
		})
	}
}

// syncStep asks for a sync, and waits for its end or not.
func (e *episode) syncStep(ctx context.Context, s step) error {
	name := pick(e.accountNames(), s.a)
	run, err := e.syncAccount(ctx, name)
	if err != nil || run == "" || s.kind == kick {
		return err
	}
	if _, err := e.awaitRun(ctx, run); err != nil {
		e.report(syncing, "%s of %s does not end: %v", run, name, err)
	}
	return nil
}

// confirmHold settles a scope that is held, as a person would that knows better.
// Those that a lie is about are left alone: to believe it is not the roll's
// mistake.
func (e *episode) confirmHold(ctx context.Context, s step) error {
	once, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	roll := pick(e.inventory, s.a)
	scopes, err := scopesOf(once, roll)
	if err != nil {
		if isAway(err) {
			err = nil
		}
		return err
	}
	for name, scope := range scopes {
		if scope.GetHold() == nil || e.lied(name, scope.GetHold().GetHoldTime().AsTime()) {
			continue
		}
		_, err := roll.ConfirmScope(once, &inventoryv1.ConfirmScopeRequest{Name: name, HoldTime: scope.GetHold().GetHoldTime()})
		if err != nil && !isAway(err) && !isPrecondition(err) {
			return err
		}
	}
	return nil
}
