package gcp

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// apiNames are the names under which the budget knows Google's APIs.
var apiNames = map[string]string{computeAPI: ratelimit.APICompute, sqlAPI: ratelimit.APISQLAdmin}

// spend takes one call of an API out of the project's budget, and gives the
// function that tells what came of it. What is not Google's to limit, such as
// signing in, takes nothing.
func (s *session) spend(ctx context.Context, at call) (told func(throttled bool), err error) {
	name, budget := apiNames[at.api], s.provider.config.Budget
	if name == "" || budget == nil {
		return func(bool) {}, nil
	}
	api := s.globalAPI(name)
	return func(throttled bool) { budget.Report(ctx, api, throttled) }, provider.TakeCall(ctx, budget, api)
}

func (s *session) globalAPI(name string) ratelimit.API {
	return ratelimit.API{Account: s.account.ID, Location: ratelimit.GlobalLocation, Name: name}
}

// APIs are what a scope is read by.
func (s *session) APIs(scope provider.ScopeID) []ratelimit.API {
	name := ratelimit.APICompute
	if scope.Kind == cloud.Database {
		name = ratelimit.APISQLAdmin
	}
	return []ratelimit.API{s.globalAPI(name)}
}
