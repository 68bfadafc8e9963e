package gcp

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// apiNames are the names of Google's APIs in the budget.
var apiNames = map[string]string{computeAPI: ratelimit.APICompute, sqlAPI: ratelimit.APISQLAdmin}

// takeCall takes one call of an API from the budget of the project. It returns a function that
// reports the outcome of the call. Calls that Google does not limit by project, such as signing in,
// take nothing.
func (s *session) takeCall(ctx context.Context, c call) (report func(throttled bool), err error) {
	name, budget := apiNames[c.api], s.provider.config.Budget
	if name == "" || budget == nil {
		return func(bool) {}, nil
	}
	api := s.globalAPI(name)
	return func(throttled bool) { budget.Report(ctx, api, throttled) }, provider.TakeCall(ctx, budget, api)
}

func (s *session) globalAPI(name string) ratelimit.API {
	return ratelimit.API{Account: s.account.ID, Location: ratelimit.GlobalLocation, Name: name}
}

// APIs returns the API that a scope is read with.
func (s *session) APIs(scope provider.ScopeID) []ratelimit.API {
	name := ratelimit.APICompute
	if scope.Kind == cloud.Database {
		name = ratelimit.APISQLAdmin
	}
	return []ratelimit.API{s.globalAPI(name)}
}
