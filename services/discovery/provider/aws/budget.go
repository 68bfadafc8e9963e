package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// spend takes each attempt of a call from the budget of the account. It does so before the request
// is signed, because a signature is valid for a short time only.
func (p *Provider) spend(account string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("rollcall:Spend",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
				middleware.FinalizeOutput, middleware.Metadata, error,
			) {
				api := ratelimit.API{
					Account: account, Location: awsmiddleware.GetRegion(ctx),
					Name: apiOf(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)),
				}
				if err := provider.TakeCall(ctx, p.config.Budget, api); err != nil {
					return middleware.FinalizeOutput{}, middleware.Metadata{}, err
				}
				out, metadata, err := next.HandleFinalize(ctx, in)
				p.config.Budget.Report(ctx, api, err != nil && throttles.IsErrorThrottle(err) == aws.TrueTernary)
				return out, metadata, err
			}), "rollcall:WatchAttempts", middleware.Before)
	}
}

// apiOf returns the API whose rate limit an operation counts against, by the names of the SDK.
func apiOf(service, operation string) string {
	switch {
	case service == "EC2" && strings.HasPrefix(operation, "Describe"):
		return ratelimit.APIEC2
	case service == "EC2" && operation == "StartInstances":
		return ratelimit.APIEC2Starts
	case service == "EC2":
		return ratelimit.APIEC2Changes
	}
	return strings.ToLower(service) // RDS, STS
}

// APIs lists the APIs that a scope is read with.
func (s *session) APIs(scope provider.ScopeID) []ratelimit.API {
	name := ratelimit.APIEC2
	if scope.Kind == cloud.Database {
		name = ratelimit.APIRDS
	}
	return []ratelimit.API{{Account: s.account.ID, Location: scope.Location, Name: name}}
}
