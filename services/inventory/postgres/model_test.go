package postgres_test

import (
	"slices"
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
	hold                   *modelHold
}

// modelHold is what a scope is held for.
type modelHold struct {
	fence   int64
	time    time.Time
	of      int
	missing map[string]bool
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

// absent are the instances that a snapshot lacks, by id.
func (m *model) absent(obs inventory.Observation, seen []sighting) (ids []string) {
	for id, i := range m.instances {
		if i.scope == obs.Scope && i.gone.IsZero() && i.fence <= obs.Fence &&
			!slices.ContainsFunc(seen, func(s sighting) bool { return s.id == id }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// alive is how many instances a scope has.
func (m *model) alive(key inventory.ScopeKey) (count int) {
	for _, i := range m.instances {
		if i.scope == key && i.gone.IsZero() {
			count++
		}
	}
	return count
}

// complete applies a snapshot, with the cloud's word about what it lacks; false:
// it is stale. What the cloud found is among what was seen.
func (m *model) complete(obs inventory.Observation, claim *modelClaim, seen []sighting, words map[string]inventory.Evidence) (inventory.Changes, bool) {
	var changes inventory.Changes
	scope := m.scopes[obs.Scope]
	if scope == nil || scope.claim != claim {
		return changes, false
	}
	alive, absent := m.alive(obs.Scope), m.absent(obs, seen)
	there := map[string]bool{}
	for _, s := range seen {
		if there[s.id] {
			continue
		}
		there[s.id] = true
		m.count(&changes, m.see(obs, s))
	}
	held, untold := m.judge(obs, scope, alive, absent, words, &changes)
	changes.Missing = int64(len(held) + untold)
	scope.fence, scope.claim = obs.Fence, nil
	reason := ""
	switch {
	case untold > 0:
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

// judge marks what is gone, and returns what is not believed, and how many of the
// others nobody could tell of.
func (m *model) judge(obs inventory.Observation, scope *modelScope, alive int, absent []string, words map[string]inventory.Evidence, changes *inventory.Changes) (held map[string]bool, untold int) {
	agreed := map[string]bool{}
	if scope.hold != nil && scope.hold.fence < obs.Fence {
		for _, id := range absent {
			if scope.hold.missing[id] {
				agreed[id] = true
			}
		}
	}
	vanished := len(absent) - len(agreed)
	most, many := vanished*2 > alive-len(agreed), vanished >= 5
	held = map[string]bool{}
	news := false
	for _, id := range absent {
		gone := false
		switch words[id] {
		case inventory.NotFound:
			gone = agreed[id] || !most || !many
		case inventory.Unlisted:
			gone = agreed[id]
		default:
			if !agreed[id] {
				untold++
				continue
			}
		}
		if gone {
			m.lose(id, obs.Time, obs.Fence)
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
	return held, untold
}

// lose marks an instance as gone.
func (m *model) lose(id string, at time.Time, fence int64) {
	i := m.instances[id]
	i.gone, i.change, i.fence, i.goneByRemoval = at, at, fence, false
}

// found takes an instance that was seen off what its scope is held for.
func (m *model) found(key inventory.ScopeKey, id string) {
	scope := m.scopes[key]
	if scope == nil || scope.hold == nil {
		return
	}
	if delete(scope.hold.missing, id); len(scope.hold.missing) == 0 {
		scope.hold = nil
	}
}

// confirm settles a hold; false: there is none.
func (m *model) confirm(key inventory.ScopeKey) bool {
	scope := m.scopes[key]
	if scope == nil || scope.hold == nil {
		return false
	}
	for id := range scope.hold.missing {
		m.lose(id, scope.hold.time, max(m.instances[id].fence, scope.fence))
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
		m.found(i.scope, s.id)
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
	m.found(obs.Scope, s.id)
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
