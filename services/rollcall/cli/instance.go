package cli

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
)

type getInstance struct {
	Name string `arg:"" help:"The name of the instance: instances/ID or only the ID."`

	staleness `embed:""`
	asOf      `embed:""`
}

// Run shows one instance.
func (c *getInstance) Run(ctx context.Context, s *session) error {
	instance, err := s.inventory().GetInstance(ctx, &inventoryv1.GetInstanceRequest{
		Name: resource(instancesCollection, c.Name), MaxStaleness: c.limit(), AsOf: c.at(),
	})
	if err != nil {
		return err
	}
	return s.showInstance(instance)
}

type lookupInstance struct {
	Value    string `arg:"" help:"An id, a URI or the display name of the instance: i-0abc…, db-ABC…, arn:aws:… or web-1."`
	By       string `help:"What the value is: auto (detected from its format), provider-id, provider-uri or display-name." enum:"auto,provider-id,provider-uri,display-name" default:"auto"`
	Account  string `help:"Only in this account." placeholder:"ACCOUNT" complete:"account"`
	ShowGone bool   `help:"Include instances that are gone."`

	staleness `embed:""`
}

// Run finds one instance.
func (c *lookupInstance) Run(ctx context.Context, s *session) error {
	request := &inventoryv1.LookupInstanceRequest{ShowGone: c.ShowGone, MaxStaleness: c.limit()}
	if c.Account != "" {
		request.Account = resource(accountsCollection, c.Account)
	}
	by := c.By
	if by == "auto" {
		by = guessBy(c.Value)
	}
	switch by {
	case "provider-id":
		request.By = &inventoryv1.LookupInstanceRequest_ProviderId{ProviderId: c.Value}
	case "provider-uri":
		request.By = &inventoryv1.LookupInstanceRequest_ProviderUri{ProviderUri: c.Value}
	default:
		request.By = &inventoryv1.LookupInstanceRequest_DisplayName{DisplayName: c.Value}
	}
	instance, err := s.inventory().LookupInstance(ctx, request)
	if err != nil {
		return err
	}
	return s.showInstance(instance)
}

// guessBy returns what a value is: the URI or the id of an instance if it has the format of one in
// any cloud, and otherwise a display name.
func guessBy(value string) string {
	for _, d := range registry.All() {
		switch {
		case d.HasInstanceURI(value):
			return "provider-uri"
		case d.HasInstanceID(value):
			return "provider-id"
		}
	}
	return "display-name"
}

// showInstance prints one instance in the output format.
func (s *session) showInstance(i *inventoryv1.Instance) error {
	if s.format != formatTable {
		return printMessage(s.out, s.format, i)
	}
	printFields(s.out, s.outStyle, s.instanceFields(i))
	return nil
}

// yes returns "yes" or nothing, for a line that is shown only if a condition is true.
func yes(condition bool) string {
	if condition {
		return "yes"
	}
	return ""
}
