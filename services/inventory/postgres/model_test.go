package postgres_test

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// model is the roll as the rules say it is, one step after the other, with
// nothing of the store's ways: what the store does is held to it.
type model struct {
	scopes    map[inventory.ScopeKey]*modelScope
	instances map[string]*modelInstance // by provider id; there is one account
	removed   int64                     // token of the account's last removal
}

type modelScope struct {
	fence, attempt, single int64
	claim                  *modelClaim
	complete, attempted    time.Time
	reason                 string
}

// modelClaim is an observation under way; who holds another pointer than the
// scope was overtaken.
type modelClaim struct{ fence int64 }

type modelInstance struct {
	content       string
	scope         inventory.ScopeKey
	fence         int64
	firstSeen     time.Time
	change        time.Time
	observed      time.Time // alone
	gone          time.Time
	goneByRemoval bool // at a time that the database chose
}

func newModel() *model {
	return &model{scopes: map[inventory.ScopeKey]*modelScope{}, instances: map[string]*modelInstance{}}
}

// ensure is the scope, which is put on the roll unless the observation is from
// before its account's removal.
func (m *model) ensure(obs inventory.Observation) *modelScope {
	if m.scopes[obs.Scope] == nil {
		if m.removed >= obs.Fence {
			return nil
		}
		m.scopes[obs.Scope] = &modelScope{}
	}
	return m.scopes[obs.Scope]
}

// begin is the claim of a snapshot; nil: it is stale.
func (m *model) begin(obs inventory.Observation) *modelClaim {
	scope := m.ensure(obs)
	if scope == nil || obs.Fence < scope.fence || scope.claim != nil && obs.Fence < scope.claim.fence {
		return nil
	}
	scope.claim = &modelClaim{fence: obs.Fence}
	return scope.claim
}

func (m *model) drop(obs inventory.Observation, claim *modelClaim) {
	if scope := m.scopes[obs.Scope]; scope != nil && scope.claim == claim {
		scope.claim = nil
	}
}

// complete applies a snapshot; false: it is stale.
func (m *model) complete(obs inventory.Observation, claim *modelClaim, seen []sighting) (inventory.Changes, bool) {
	var changes inventory.Changes
	scope := m.scopes[obs.Scope]
	if scope == nil || scope.claim != claim {
		return changes, false
	}
	there := map[string]bool{}
	for _, s := range seen {
		if there[s.id] {
			continue
		}
		there[s.id] = true
		m.count(&changes, m.see(obs, s))
	}
	for id, i := range m.instances {
		if i.scope == obs.Scope && i.gone.IsZero() && !there[id] && i.fence <= obs.Fence {
			i.gone, i.change, i.fence, i.goneByRemoval = obs.Time, obs.Time, obs.Fence, false
			changes.Gone++
		}
	}
	scope.fence, scope.complete, scope.claim = obs.Fence, obs.Time, nil
	if scope.attempt <= obs.Fence {
		scope.attempt, scope.attempted, scope.reason = obs.Fence, obs.Time, ""
	}
	delete(m.scopes, wholeAccount)
	return changes, true
}

func (m *model) count(changes *inventory.Changes, d inventory.Decision) {
	switch d {
	case inventory.Create:
		changes.Created++
	case inventory.Change:
		changes.Changed++
	case inventory.Reappear:
		changes.Reappeared++
	default:
		changes.Unchanged++
	}
}

// see is what one sighting of an instance does.
func (m *model) see(obs inventory.Observation, s sighting) inventory.Decision {
	i := m.instances[s.id]
	if i == nil {
		m.instances[s.id] = &modelInstance{content: s.content, scope: obs.Scope, fence: obs.Fence, firstSeen: obs.Time, change: obs.Time}
		return inventory.Create
	}
	alive, elsewhere := i.gone.IsZero(), i.gone.IsZero() && i.scope != obs.Scope
	vouched := i.fence
	if elsewhere {
		vouched = max(vouched, m.scopes[i.scope].fence)
	}
	switch {
	case vouched > obs.Fence:
		return inventory.Overtaken
	case alive && !elsewhere && i.content == s.content:
		return inventory.Unchanged
	}
	if elsewhere {
		m.scopes[i.scope].claim = nil // it has to look again
	}
	i.content, i.scope, i.fence, i.change, i.gone, i.goneByRemoval = s.content, obs.Scope, obs.Fence, obs.Time, time.Time{}, false
	if !alive {
		return inventory.Reappear
	}
	return inventory.Change
}

// single applies the observation of one instance; false: it is stale.
func (m *model) single(obs inventory.Observation, s sighting) bool {
	_, had := m.scopes[obs.Scope]
	scope := m.ensure(obs)
	if scope == nil {
		return false
	}
	stale := obs.Fence < scope.fence || scope.claim != nil && obs.Fence <= scope.claim.fence
	if stale || m.see(obs, s) == inventory.Overtaken {
		if !had {
			delete(m.scopes, obs.Scope)
		}
		return false
	}
	i := m.instances[s.id]
	i.fence = obs.Fence
	if i.observed.Before(obs.Time) {
		i.observed = obs.Time
	}
	scope.single = max(scope.single, obs.Fence)
	return true
}

// fail writes down a failure of a scope; false: it is stale.
func (m *model) fail(obs inventory.Observation, reason string) bool {
	scope := m.ensure(obs)
	if scope == nil || obs.Fence < scope.attempt {
		return false
	}
	scope.attempt, scope.attempted, scope.reason = obs.Fence, obs.Time, reason
	delete(m.scopes, wholeAccount)
	return true
}

// failAll writes down a failure of the whole account; false: it is stale.
func (m *model) failAll(obs inventory.Observation, reason string) bool {
	if m.removed >= obs.Fence {
		return false
	}
	_, whole := m.scopes[wholeAccount]
	if len(m.scopes) == 0 || len(m.scopes) == 1 && whole {
		m.ensure(obs)
	}
	some := false
	for _, scope := range m.scopes {
		if scope.attempt <= obs.Fence {
			scope.attempt, scope.attempted, scope.reason = obs.Fence, obs.Time, reason
			some = true
		}
	}
	return some
}

// remove takes the account off the roll; false: something newer is known of it.
func (m *model) remove(fence int64) bool {
	newest := m.removed
	for _, scope := range m.scopes {
		newest = max(newest, scope.fence, scope.attempt, scope.single)
		if scope.claim != nil {
			newest = max(newest, scope.claim.fence)
		}
	}
	if newest > fence {
		return false
	}
	m.removed, m.scopes = fence, map[inventory.ScopeKey]*modelScope{}
	for _, i := range m.instances {
		if i.gone.IsZero() {
			i.gone, i.goneByRemoval, i.fence = obsNever, true, max(i.fence, fence)
		}
	}
	return true
}

// obsNever stands for a time that the database chose.
var obsNever = time.Unix(1, 0)
