package postgres_test

import (
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// model is the inventory by the rules alone, step by step and without the methods of the store,
// which is compared with it.
type model struct {
	scopes    map[inventory.ScopeKey]*modelScope
	instances map[string]*modelInstance // by provider ID; there is one account
	removed   int64                     // the token of the last removal of the account
}

type modelScope struct {
	fence, attempt, single int64
	claim                  *modelClaim
	complete, attempted    time.Time
	reason                 string
	hold                   *modelHold
}

// modelHold is the hold of a scope.
type modelHold struct {
	fence   int64
	time    time.Time
	of      int
	missing map[string]bool
}

// modelClaim is an observation under way. A scope with another pointer was claimed by a newer one.
type modelClaim struct{ fence int64 }

type modelInstance struct {
	content       string
	scope         inventory.ScopeKey
	fence         int64
	firstSeen     time.Time
	change        time.Time
	observed      time.Time // observed alone
	gone          time.Time
	goneByRemoval bool // at a time of the database
}

func newModel() *model {
	return &model{scopes: map[inventory.ScopeKey]*modelScope{}, instances: map[string]*modelInstance{}}
}

// ensure returns the scope. It creates it unless the observation is from before the removal of its
// account.
func (m *model) ensure(obs inventory.Observation) *modelScope {
	if m.scopes[obs.Scope] == nil {
		if m.removed >= obs.Fence {
			return nil
		}
		m.scopes[obs.Scope] = &modelScope{}
	}
	return m.scopes[obs.Scope]
}

// begin returns the claim of a snapshot; nil if it is stale.
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

// missing returns the instances that a snapshot did not list, by ID.
func (m *model) missing(obs inventory.Observation, seen []seenInstance) (ids []string) {
	for id, i := range m.instances {
		if i.scope == obs.Scope && i.gone.IsZero() && i.fence <= obs.Fence &&
			!slices.ContainsFunc(seen, func(s seenInstance) bool { return s.id == id }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// alive returns the number of instances of a scope.
func (m *model) alive(key inventory.ScopeKey) (count int) {
	for _, i := range m.instances {
		if i.scope == key && i.gone.IsZero() {
			count++
		}
	}
	return count
}

// complete applies a snapshot with the provider's answers about missing instances. ok is false if
// it is stale. Instances that the provider found are among the seen ones.
func (m *model) complete(obs inventory.Observation, claim *modelClaim, seen []seenInstance, words map[string]inventory.Evidence) (inventory.Changes, bool) {
	var changes inventory.Changes
	scope := m.scopes[obs.Scope]
	if scope == nil || scope.claim != claim {
		return changes, false
	}
	alive, missing := m.alive(obs.Scope), m.missing(obs, seen)
	there := map[string]bool{}
	for _, s := range seen {
		if there[s.id] {
			continue
		}
		there[s.id] = true
		m.count(&changes, m.see(obs, s))
	}
	held, inconclusive := m.decide(obs, scope, alive, missing, words, &changes)
	changes.Missing = int64(len(held) + inconclusive)
	scope.fence, scope.claim = obs.Fence, nil
	reason := ""
	switch {
	case inconclusive > 0:
		reason = "UNREACHABLE"
	case len(held) > 0:
		reason = "HELD"
	default:
		scope.complete = obs.Time
	}
	if scope.attempt <= obs.Fence {
		scope.attempt, scope.attempted, scope.reason = obs.Fence, obs.Time, reason
	}
	delete(m.scopes, wholeAccount)
	return changes, true
}

// decide marks instances as gone. It returns those that are held, and the number of the
// inconclusive ones.
func (m *model) decide(obs inventory.Observation, scope *modelScope, alive int, missing []string, words map[string]inventory.Evidence, changes *inventory.Changes) (held map[string]bool, inconclusive int) {
	agreed := map[string]bool{}
	if scope.hold != nil && scope.hold.fence < obs.Fence {
		for _, id := range missing {
			if scope.hold.missing[id] {
				agreed[id] = true
			}
		}
	}
	vanished := len(missing) - len(agreed)
	most, many := vanished*2 > alive-len(agreed), vanished >= 5
	held = map[string]bool{}
	news := false
	for _, id := range missing {
		gone := false
		switch words[id] {
		case inventory.NotFound:
			gone = agreed[id] || !most || !many
		case inventory.Unlisted:
			gone = agreed[id]
		default:
			if !agreed[id] {
				inconclusive++
				continue
			}
		}
		if gone {
			m.markGone(id, obs.Time, obs.Fence)
			changes.Gone++
			continue
		}
		held[id] = true
		news = news || !agreed[id]
	}
	switch {
	case len(held) == 0:
		scope.hold = nil
	case scope.hold == nil || news:
		scope.hold = &modelHold{fence: obs.Fence, time: obs.Time, of: alive, missing: held}
	default:
		scope.hold.missing = held
	}
	return held, inconclusive
}

// markGone marks an instance as gone.
func (m *model) markGone(id string, at time.Time, fence int64) {
	i := m.instances[id]
	i.gone, i.change, i.fence, i.goneByRemoval = at, at, fence, false
}

// found removes an observed instance from the hold of its scope.
func (m *model) found(key inventory.ScopeKey, id string) {
	scope := m.scopes[key]
	if scope == nil || scope.hold == nil {
		return
	}
	if delete(scope.hold.missing, id); len(scope.hold.missing) == 0 {
		scope.hold = nil
	}
}

// confirm confirms a hold, and reports whether there was one.
func (m *model) confirm(key inventory.ScopeKey) bool {
	scope := m.scopes[key]
	if scope == nil || scope.hold == nil {
		return false
	}
	for id := range scope.hold.missing {
		m.markGone(id, scope.hold.time, max(m.instances[id].fence, scope.fence))
	}
	if scope.reason == "HELD" {
		scope.complete, scope.reason = scope.hold.time, ""
	}
	scope.hold, scope.claim = nil, nil
	return true
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

// see applies an observed instance.
func (m *model) see(obs inventory.Observation, s seenInstance) inventory.Decision {
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
		m.scopes[i.scope].claim = nil // it is stale now
		m.found(i.scope, s.id)
	}
	i.content, i.scope, i.fence, i.change, i.gone, i.goneByRemoval = s.content, obs.Scope, obs.Fence, obs.Time, time.Time{}, false
	if !alive {
		return inventory.Reappear
	}
	return inventory.Change
}

// single applies the observation of one instance, and reports whether it was not stale.
func (m *model) single(obs inventory.Observation, s seenInstance) bool {
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
	m.found(obs.Scope, s.id)
	return true
}

// fail records a failure of a scope, and reports whether it was not stale.
func (m *model) fail(obs inventory.Observation, reason string) bool {
	scope := m.ensure(obs)
	if scope == nil || obs.Fence < scope.attempt {
		return false
	}
	scope.attempt, scope.attempted, scope.reason = obs.Fence, obs.Time, reason
	delete(m.scopes, wholeAccount)
	return true
}

// failAll records a failure of the whole account, and reports whether it was not stale.
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

// remove removes the account, and reports whether it was not stale.
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

// obsNever is a time of the database.
var obsNever = time.Unix(1, 0)
