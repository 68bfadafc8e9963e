package ingest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Snapshot is one observation of a scope while it arrives: any number of calls of Observe, then
// Missing, RecordEvidence for the missing instances, and Complete; Close in any case. Nothing of it is
// visible before Complete. It is not safe for concurrent use.
type Snapshot struct {
	store  Store
	policy inventory.DeletionPolicy
	obs    inventory.Observation
	claim  Claim
	// closed is set when the claim has ended.
	closed bool
	// budgets are those that the observation left. inconclusive is the reason that the provider gave for
	// the first inconclusive answer.
	budgets      []inventory.APIBudget
	inconclusive inventory.Failure

	loading        Loading
	reconciliation *inventory.Reconciliation
	stage          Stage
}

// Observe adds instances of the scope, best some hundred at a time. It cleans them and sets what they
// have from the scope: account, provider, kind and UID. It keeps no reference to them.
func (s *Snapshot) Observe(instances ...inventory.Instance) error {
	s.adopt(instances)
	for n := range instances {
		if err := s.add(&instances[n], s.reconciliation.Observe); err != nil {
			return err
		}
	}
	return s.loading.Err()
}

// minShare is the number of instances that are worth a goroutine.
const minShare = 64

// adopt adopts instances on all processors, because hashing is most of the work of a sync that changes
// nothing.
func (s *Snapshot) adopt(instances []inventory.Instance) {
	share := max(minShare, len(instances)/runtime.GOMAXPROCS(0)+1)
	var shares sync.WaitGroup
	for part := range slices.Chunk(instances, share) {
		shares.Go(func() {
			var hasher inventory.Hasher
			for n := range part {
				s.obs.Adopt(&part[n], &hasher)
			}
		})
	}
	shares.Wait()
}

// add decides about an adopted instance, and stages it if it has to be written.
func (s *Snapshot) add(i *inventory.Instance, decide func(uuid.UUID, inventory.Hash) inventory.Decision) error {
	switch decide(i.UID, i.Hash) {
	case inventory.Create, inventory.Change, inventory.Reappear:
		return s.stage.Add(i)
	default:
		return nil
	}
}

// End sets the token that was taken after the provider's last answer (see inventory.Observation); 0 for
// none. It may be called again.
func (s *Snapshot) End(token int64) { s.obs.End = max(s.obs.End, token) }

// Missing ends the listing: the scope was observed completely, with so many instances, and left these
// budgets. It returns the instances that are stored and were not listed. RecordEvidence should be
// called for each of them before Complete. Errors: INVALID_ARGUMENT with INCOMPLETE_SNAPSHOT if count
// is not the number of instances that Observe got.
func (s *Snapshot) Missing(count int64, budgets ...inventory.APIBudget) ([]uuid.UUID, error) {
	if got := s.reconciliation.Observed(); got != count {
		return nil, fault.New(fault.KindInvalidArgument, fault.ReasonIncompleteSnapshot,
			"%s: %d instances were announced and %d arrived; nothing was applied", s.obs.Scope, count, got)
	}
	s.budgets = budgets
	missing := slices.Collect(s.reconciliation.Missing())
	return missing, s.loading.Err()
}

// RecordEvidence stores the provider's answer about a missing instance. If there are several, the most
// conservative one wins. An instance that the provider found counts as listed. An answer about an
// instance that is not missing changes nothing.
func (s *Snapshot) RecordEvidence(f inventory.Finding) error {
	uid := inventory.InstanceUID(s.obs.Scope.Account, s.obs.Scope.Kind, inventory.CleanText(f.ProviderID))
	if !s.reconciliation.IsMissing(uid) {
		return nil
	}
	s.reconciliation.RecordEvidence(uid, f.Evidence)
	if s.inconclusive.Reason == "" && f.Evidence == inventory.Inconclusive {
		s.inconclusive = f.Failure
		s.inconclusive.Clean()
	}
	if f.Evidence != inventory.Found {
		return nil
	}
	if f.Instance == nil || f.Instance.ProviderID != f.ProviderID {
		return fault.Invalid("verdict.findings", "%s: FOUND needs the instance with this ID", f.ProviderID)
	}
	s.obs.Adopt(f.Instance, &inventory.Hasher{})
	return s.add(f.Instance, s.reconciliation.Find)
}

// Complete applies the snapshot in one transaction, with what the provider answered about the missing
// instances. After an error nothing is changed. Errors: ABORTED with STALE_OBSERVATION if a newer
// observation overtook it.
func (s *Snapshot) Complete(ctx context.Context) (inventory.Changes, error) {
	var changes inventory.Changes
	work := Work{Observation: s.obs, Reconciliation: s.reconciliation, Stage: s.stage}
	err := s.store.ApplySnapshot(ctx, work, func(tx Tx) (err error) {
		changes, err = s.apply(ctx, tx)
		return err
	})
	if err != nil {
		return inventory.Changes{}, err
	}
	s.closed = true
	return changes, nil
}

func (s *Snapshot) apply(ctx context.Context, tx Tx) (inventory.Changes, error) {
	state, err := tx.LockScope(ctx)
	if err != nil {
		return inventory.Changes{}, err
	}
	if state == nil || !state.ClaimedBy(s.claim.Number) {
		return inventory.Changes{}, inventory.Stale(s.obs.Scope.String())
	}
	if state.SingleFence >= s.obs.Fence {
		if err := tx.Newer(ctx, s.reconciliation.Update); err != nil {
			return inventory.Changes{}, err
		}
	}
	deletions, err := s.decideDeletions(ctx, tx, state)
	if err != nil {
		return inventory.Changes{}, err
	}
	changes, added, err := tx.Write(ctx, deletions.Gone)
	if err != nil {
		return inventory.Changes{}, err
	}
	failure := deletions.Failure(s.inconclusive)
	changes.Missing, changes.MissingReason = deletions.Missing(), failure.Error
	return changes, tx.FinishScope(ctx, state, Outcome{
		Added: added, Failure: failure, Hold: state.Hold.After(&s.obs, &deletions), Held: deletions.Held, Budgets: s.budgets,
	})
}

// decideDeletions asks the policy about the missing instances. Those that the scope is held for were
// missing before, unless it is held for this very observation, which was sent twice.
func (s *Snapshot) decideDeletions(ctx context.Context, tx Tx, state *inventory.ScopeState) (inventory.Deletions, error) {
	before := map[uuid.UUID]bool{}
	if state.Hold != nil && state.Hold.Fence < s.obs.Fence {
		held, err := tx.HeldInstances(ctx)
		if err != nil {
			return inventory.Deletions{}, err
		}
		for _, uid := range held {
			before[uid] = true
		}
	}
	var missing []inventory.MissingInstance
	for uid := range s.reconciliation.Missing() {
		missing = append(missing, inventory.MissingInstance{UID: uid, Evidence: s.reconciliation.Evidence(uid), Again: before[uid]})
	}
	if len(missing) == 0 {
		return inventory.Deletions{}, nil
	}
	return s.policy.Decide(s.reconciliation.Alive(), missing), nil
}

// releaseLimit bounds the release of a claim.
const releaseLimit = 5 * time.Second

// Close drops the snapshot unless it was applied, and gives up its claim, even if ctx has ended. A claim
// that can't be given up blocks only older observations.
func (s *Snapshot) Close(ctx context.Context) error {
	s.loading.Close()
	err := s.stage.Close()
	if s.closed {
		return err
	}
	s.closed = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseLimit)
	defer cancel()
	return errors.Join(err, s.store.Release(ctx, s.claim))
}
