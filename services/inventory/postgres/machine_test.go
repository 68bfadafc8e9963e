package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
)

// seenInstance is an instance of a snapshot. Only its content can change.
type seenInstance struct{ id, content string }

func (s seenInstance) instance() inventory.Instance {
	return inventory.Instance{ProviderID: s.id, DisplayName: s.content, MachineType: s.content, State: inventory.StateRunning}
}

// The only account of these histories.
var wholeAccount = inventory.ScopeKey{Account: "aws-1", Kind: inventory.KindUnspecified, Location: inventory.WholeAccount}

// underWay is a snapshot that was begun and has not ended.
type underWay struct {
	obs      inventory.Observation
	snapshot *ingest.Snapshot
	claim    *modelClaim
	seen     []seenInstance
}

// machineState is one history: the store and the model.
type machineState struct {
	ctx     context.Context
	store   *store
	model   *model
	open    []*underWay
	counter int
	pool    *pgxpool.Pool
	replica replica
}

// TestStore_Model plays random histories against the store and the model: snapshots at once, late,
// incomplete or failed, all answers of providers about missing instances, confirmed holds,
// observations of single instances, instances that move between scopes, and the removal of the
// account. After each step both must agree, and the log must lead from the inventory before to the
// inventory after; undone, it leads back to nothing.
func TestStore_Model(t *testing.T) {
	store, pool := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		reset(t, pool)
		s := &machineState{ctx: t.Context(), store: store, model: newModel(), pool: pool, replica: replica{instances: map[string]columns{}}}
		defer s.closeAll()
		rt.Repeat(map[string]func(*rapid.T){
			"begin":    s.begin,
			"observe":  s.observe,
			"complete": s.complete,
			"die":      s.die,
			"confirm":  s.confirm,
			"single":   s.single,
			"fail":     s.fail,
			"failAll":  s.failAll,
			"remove":   s.remove,
			"":         s.check,
		})
		if err := s.replica.rewind(); err != nil {
			rt.Fatal(err)
		}
	})
}

func reset(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	exec(t, pool, `DELETE FROM instances`)
	exec(t, pool, `DELETE FROM instance_counts`)
	exec(t, pool, `DELETE FROM scopes`)
	exec(t, pool, `DELETE FROM removed_accounts`)
	exec(t, pool, `DELETE FROM changes`)
	exec(t, pool, `UPDATE change_head SET revision = 0`)
}

func (s *machineState) closeAll() {
	for _, u := range s.open {
		_ = u.snapshot.Close(s.ctx)
	}
}

// observation draws one of two regions and a token, mostly newer than the last, and sometimes
// older or the same.
func (s *machineState) observation(t *rapid.T) inventory.Observation {
	s.counter++
	fence := int64(s.counter*2) + rapid.SampledFrom([]int64{0, 0, 0, 1, -1, -2, -5, -9}).Draw(t, "token")
	return observation("aws-1", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "region"), max(fence, 1))
}

func drawInstance(t *rapid.T) seenInstance {
	return seenInstance{
		id:      fmt.Sprint("i-", rapid.IntRange(0, 7).Draw(t, "id")),
		content: fmt.Sprint("v", rapid.IntRange(0, 2).Draw(t, "content")),
	}
}

// agree compares an error of the store with the result of the model.
func agree(t *rapid.T, what string, err error, went bool) {
	if (err == nil) != went {
		t.Fatalf("%s: the store has %v, the model %v", what, err, went)
	}
	if err != nil && (fault.KindOf(err) != fault.KindAborted || fault.ReasonOf(err) != fault.ReasonStaleObservation) {
		t.Fatalf("%s: %v", what, err)
	}
}

func (s *machineState) begin(t *rapid.T) {
	if len(s.open) > 3 {
		t.Skip("enough are under way")
	}
	obs := s.observation(t)
	snapshot, err := s.store.ingest.Begin(s.ctx, obs)
	claim := s.model.begin(obs)
	agree(t, "begin", err, claim != nil)
	if err == nil {
		s.open = append(s.open, &underWay{obs: obs, snapshot: snapshot, claim: claim})
	}
}

// pick draws a snapshot that is under way.
func (s *machineState) pick(t *rapid.T) *underWay {
	if len(s.open) == 0 {
		t.Skip("none is under way")
	}
	return s.open[rapid.IntRange(0, len(s.open)-1).Draw(t, "which")]
}

func (s *machineState) observe(t *rapid.T) {
	u := s.pick(t)
	var page []inventory.Instance
	for _, seen := range rapid.SliceOfN(rapid.Custom(drawInstance), 1, 6).Draw(t, "seen") {
		page = append(page, seen.instance())
		u.seen = append(u.seen, seen)
	}
	if err := u.snapshot.Observe(page...); err != nil {
		t.Fatal(err)
	}
}

func (s *machineState) end(t *rapid.T, u *underWay) {
	if err := u.snapshot.Close(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.open = slices.DeleteFunc(s.open, func(o *underWay) bool { return o == u })
}

func (s *machineState) complete(t *rapid.T) {
	u := s.pick(t)
	listed := int64(len(u.seen))
	missing, err := u.snapshot.Missing(listed)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]inventory.Evidence{}
	if len(missing) > 0 {
		described, err := s.store.ingest.Describe(s.ctx, missing)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(described, func(a, b inventory.Instance) int { return strings.Compare(a.ProviderID, b.ProviderID) })
		for n := range described {
			s.recordEvidence(t, u, described[n].ProviderID, words)
		}
	}
	changes, err := u.snapshot.Complete(s.ctx)
	want, went := s.model.complete(u.obs, u.claim, u.seen, words)
	agree(t, "complete", err, went)
	if (changes.MissingReason != "") != (changes.Missing > 0) {
		t.Fatalf("%d are missing, because %q", changes.Missing, changes.MissingReason)
	}
	if changes.MissingReason = ""; changes != want {
		t.Fatalf("the store changed %+v, the model %+v", changes, want)
	}
	s.model.drop(u.obs, u.claim)
	s.end(t, u)
}

// recordEvidence draws the provider's answer about one instance.
func (s *machineState) recordEvidence(t *rapid.T, u *underWay, id string, words map[string]inventory.Evidence) {
	finding := inventory.Finding{ProviderID: id, Evidence: rapid.SampledFrom([]inventory.Evidence{
		inventory.NotFound, inventory.NotFound, inventory.NotFound, inventory.Unlisted, inventory.Unlisted,
		inventory.Inconclusive, inventory.NoEvidence, inventory.Found,
	}).Draw(t, "evidence")}
	switch finding.Evidence {
	case inventory.NoEvidence:
		return
	case inventory.Found:
		seen := seenInstance{id: id, content: fmt.Sprint("v", rapid.IntRange(0, 2).Draw(t, "content"))}
		instance := seen.instance()
		finding.Instance = &instance
		u.seen = append(u.seen, seen)
	default:
		words[id] = finding.Evidence
	}
	if err := u.snapshot.RecordEvidence(finding); err != nil {
		t.Fatal(err)
	}
}

func (s *machineState) confirm(t *rapid.T) {
	key := observation("aws-1", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "region"), 1).Scope
	_, err := s.store.ingest.ConfirmScope(s.ctx, key, time.Time{})
	if went := s.model.confirm(key); (err == nil) != went {
		t.Fatalf("confirm: the store has %v, the model %v", err, went)
	}
	if err != nil && fault.ReasonOf(err) != fault.ReasonNotHeld && fault.KindOf(err) != fault.KindNotFound {
		t.Fatal(err)
	}
}

func (s *machineState) die(t *rapid.T) {
	u := s.pick(t)
	s.model.drop(u.obs, u.claim)
	s.end(t, u)
}

func (s *machineState) single(t *rapid.T) {
	obs, seen := s.observation(t), drawInstance(t)
	got, err := s.store.ingest.Upsert(s.ctx, obs, seen.instance())
	agree(t, "single", err, s.model.single(obs, seen))
	if err == nil && got.DisplayName != seen.content {
		t.Fatalf("single returned %q", got.DisplayName)
	}
}

func (s *machineState) fail(t *rapid.T) {
	obs := s.observation(t)
	err := s.store.ingest.Fail(s.ctx, obs, inventory.Failure{Reason: "THROTTLED", Error: "slow down"})
	agree(t, "fail", err, s.model.fail(obs, "THROTTLED"))
}

func (s *machineState) failAll(t *rapid.T) {
	obs := s.observation(t)
	obs.Scope = wholeAccount
	err := s.store.ingest.Fail(s.ctx, obs, inventory.Failure{Reason: "CREDENTIALS_INVALID"})
	agree(t, "failAll", err, s.model.failAll(obs, "CREDENTIALS_INVALID"))
}

func (s *machineState) remove(t *rapid.T) {
	fence := s.observation(t).Fence
	agree(t, "remove", s.store.ingest.RemoveAccount(s.ctx, "aws-1", fence), s.model.remove(fence))
}

// check compares everything that can be seen of the store with the model.
func (s *machineState) check(t *rapid.T) {
	page, err := s.store.List(s.ctx, inventory.ListRequest{ShowGone: true, PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, i := range page.Instances {
		got[i.ProviderID] = describe(i.DisplayName, i.State, i.FirstSeenTime, i.ChangeTime, i.ObserveTime, i.GoneTime)
	}
	want := map[string]string{}
	alive := map[inventory.ScopeKey]int64{}
	for id, i := range s.model.instances {
		state := inventory.StateGone
		if i.gone.IsZero() {
			state = inventory.StateRunning
			alive[i.scope]++
		}
		observed := i.observed
		if scope := s.model.scopes[i.scope]; scope != nil && scope.complete.After(observed) {
			observed = scope.complete
		}
		gone, change := i.gone, i.change
		if i.goneByRemoval {
			gone, change = obsNever, obsNever
		}
		want[id] = describe(i.content, state, i.firstSeen, change, observed, gone)
	}
	compare(t, got, want)
	s.checkScopes(t, alive)
	checkCounts(t, s.pool)
	if err := s.replica.follow(s.pool); err != nil {
		t.Fatal(err)
	}
}

func (s *machineState) checkScopes(t *rapid.T, alive map[inventory.ScopeKey]int64) {
	page, err := s.store.ListScopes(s.ctx, inventory.ScopesRequest{PageSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	got, want := map[string]string{}, map[string]string{}
	for _, scope := range page.Scopes {
		got[scope.String()] = fmt.Sprint(stamp(scope.LastCompleteTime), stamp(scope.LastAttemptTime), scope.LastErrorReason, scope.InstanceCount, describeHold(scope.Hold))
	}
	for key, scope := range s.model.scopes {
		var hold *inventory.Hold
		if scope.hold != nil {
			hold = &inventory.Hold{Time: scope.hold.time, Missing: int64(len(scope.hold.missing)), Of: int64(scope.hold.of)}
		}
		want[key.String()] = fmt.Sprint(stamp(scope.complete), stamp(scope.attempted), scope.reason, alive[key], describeHold(hold))
	}
	compare(t, got, want)
}

func describeHold(h *inventory.Hold) string {
	if h == nil {
		return ""
	}
	return fmt.Sprintf(" held at %s for %d of %d", stamp(h.Time), h.Missing, h.Of)
}

func compare(t *rapid.T, got, want map[string]string) {
	var wrong []string
	for key := range want {
		if got[key] != want[key] {
			wrong = append(wrong, fmt.Sprintf("%s: the store has %q, the model %q", key, got[key], want[key]))
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s: the store has %q, the model nothing", key, got[key]))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		t.Fatal(strings.Join(wrong, "\n"))
	}
}

func describe(content string, state inventory.State, firstSeen, change, observed, gone time.Time) string {
	return fmt.Sprint(content, " ", state, " first ", stamp(firstSeen), " change ", stamp(change), " seen ", stamp(observed), " gone ", stamp(gone))
}

// stamp returns the token of a time of these histories. The database chooses its own times for the
// removal of an account.
func stamp(t time.Time) string {
	switch {
	case t.IsZero():
		return "-"
	case t.Equal(obsNever) || t.After(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)):
		return "now"
	default:
		return fmt.Sprint(int(t.Sub(at(0)) / time.Minute))
	}
}
