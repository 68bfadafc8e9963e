package example

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// resource is a server or a store, as the API has it.
type resource struct {
	ID, Kind, Name, Region, Zone, Size, State string
	Tags                                      map[string]string
	Created                                   time.Time
	Job                                       *job
}

// job is the last start or stop of a resource.
type job struct {
	ID, Key string
	Done    bool
	Error   string
}

// page is an answer of a listing, or of a look-up by ids.
type page struct {
	Items   []resource
	Missing []string
	Next    string
}

// states of the API and of the inventory.
var states = map[string]provider.State{
	"UP": provider.StateRunning, "DOWN": provider.StateStopped, "STARTING": provider.StatePending, "STOPPING": provider.StateStopping,
}

// Read lists a scope.
func (s *session) Read(ctx context.Context, scope provider.ScopeID, sink provider.Sink) error {
	guard := providerkit.NewPaginationGuard()
	query := url.Values{"location": {scope.Location}, "limit": {strconv.Itoa(s.provider.config.PageSize)}}
	return providerkit.EachPage(scope.String(), func(after string) (next string, err error) {
		query.Set("after", after)
		p, err := s.list(ctx, sink, scope, query)
		if err != nil {
			return "", err
		}
		instances := make([]provider.Instance, len(p.Items))
		for i := range p.Items {
			instances[i] = s.instance(&p.Items[i])
		}
		if err := guard.Page(instances); err != nil {
			return "", invalid(scope.String(), err.Error())
		}
		return p.Next, sink.Page(ctx, instances)
	})
}

// list reads one page of a scope.
func (s *session) list(ctx context.Context, calls counter, scope provider.ScopeID, query url.Values) (page, error) {
	var p struct {
		page
		Items *[]resource // nil: the answer is something else
	}
	if err := s.get(ctx, calls, scope.String(), paths[scope.Kind], query, &p); err != nil {
		return page{}, err
	}
	if p.Items == nil || slices.ContainsFunc(*p.Items, func(r resource) bool { return r.ID == "" }) {
		return page{}, invalid(scope.String(), "the answer is not a listing")
	}
	p.page.Items = *p.Items
	return p.page, nil
}

// instance converts a resource.
func (s *session) instance(r *resource) provider.Instance {
	i := provider.Instance{
		ProviderID: r.ID, ProviderURI: "example://" + s.account.CloudID + "/" + r.Kind + "/" + r.ID, DisplayName: r.Name,
		Region: r.Region, Zone: r.Zone, State: provider.StateUnknown, ProviderState: r.State, MachineType: r.Size,
		Labels: r.Tags, CreateTime: r.Created,
	}
	if state, ok := states[r.State]; ok {
		i.State = state
	}
	if r.Kind == paths[cloud.Database] {
		i.Database = &provider.DatabaseDetails{Engine: "store"}
	} else {
		i.Machine = &provider.MachineDetails{}
	}
	return i
}

// idsPerCall is the number of ids in one look-up.
const idsPerCall = 50

// Probe looks instances up by their ids.
func (s *session) Probe(ctx context.Context, scope provider.ScopeID, wanted []provider.Wanted, calls provider.Calls) ([]provider.Finding, error) {
	found, err := s.find(ctx, scope, wanted, calls)
	findings := make([]provider.Finding, len(found))
	for i := range found {
		findings[i] = found[i].Finding
	}
	return findings, err
}

// found is a finding with the last job of the resource.
type found struct {
	provider.Finding
	job job
}

func (s *session) find(ctx context.Context, scope provider.ScopeID, wanted []provider.Wanted, calls counter) ([]found, error) {
	var all []found
	for some := range slices.Chunk(wanted, idsPerCall) {
		query := url.Values{"location": {scope.Location}}
		for i := range some {
			query.Add("id", some[i].ProviderID)
		}
		p, err := s.list(ctx, calls, scope, query)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i := range some {
			all = append(all, s.finding(some[i].ProviderID, &p, err))
		}
	}
	return all, nil
}

// finding returns what a look-up says about one id. An id that is neither there nor missing was
// not answered.
func (s *session) finding(id string, p *page, err error) found {
	f := found{Finding: provider.Finding{ProviderID: id, Evidence: provider.Unlisted}}
	at := slices.IndexFunc(p.Items, func(r resource) bool { return r.ID == id })
	failure, failed := errors.AsType[*fault.Error](err)
	switch {
	case failed:
		f.Evidence, f.Failure = provider.Undecided, failure
	case at >= 0:
		instance := s.instance(&p.Items[at])
		f.Evidence, f.Instance = provider.Found, &instance
		if p.Items[at].Job != nil {
			f.job = *p.Items[at].Job
		}
	case slices.Contains(p.Missing, id):
		f.Evidence = provider.NotFound
	}
	return f
}
