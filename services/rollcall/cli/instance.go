package cli

import (
	"context"
	"fmt"
	"strings"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
)

type getInstance struct {
	Name string `arg:"" help:"The instance's name on the roll: instances/… or the id behind it."`

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
	Value    string `arg:"" help:"What is known of it: i-0abc…, db-ABC…, arn:aws:… or its display name."`
	By       string `help:"What the value is: auto (told by its form), provider-id, provider-uri or display-name." enum:"auto,provider-id,provider-uri,display-name" default:"auto"`
	Account  string `help:"Only in this account." placeholder:"ACCOUNT" complete:"account"`
	ShowGone bool   `help:"Also among those that are gone."`

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

// guessBy returns what a value is by its form: an id or a URI of one of the clouds, or else a display name.
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

// showInstance prints one instance in the wanted format.
func (s *session) showInstance(i *inventoryv1.Instance) error {
	if s.format != formatTable {
		return printMessage(s.out, s.format, i)
	}
	state := s.outStyle.byWord(i.GetState().String())
	if word := i.GetProviderState(); word != "" {
		state += s.outStyle.dim(fmt.Sprintf(" (%s)", clean(word)))
	}
	fields := []field{
		{"name", clean(i.GetDisplayName())},
		{"state", state},
		{"kind", word(i.GetKind().String())},
		{"machine type", clean(i.GetMachineType())},
		{"provider", i.GetProvider().String()},
		{"account", clean(id(accountsCollection, i.GetAccount()))},
		{"region", clean(i.GetLocation().GetRegion())},
		{"zone", clean(i.GetLocation().GetZone())},
		{"private ips", clean(strings.Join(i.GetPrivateIps(), ", "))},
		{"public ips", clean(strings.Join(i.GetPublicIps(), ", "))},
	}
	fields = append(fields, machineFields(s, i.GetVirtualMachine())...)
	fields = append(fields, databaseFields(s, i.GetDatabase())...)
	fields = append(fields,
		field{"labels", labelText(i.GetLabels())},
		field{"provider id", clean(i.GetProviderId())},
		field{"provider uri", clean(i.GetProviderUri())},
		field{"instance", clean(i.GetName())},
		field{"created", s.stamp(i.GetCreateTime())},
		field{"first seen", s.stamp(i.GetFirstSeenTime())},
		field{"changed", s.stamp(i.GetChangeTime())},
		field{"observed", s.stamp(i.GetObserveTime())},
		field{"gone", s.stamp(i.GetGoneTime())},
	)
	printFields(s.out, s.outStyle, fields)
	return nil
}

func machineFields(s *session, vm *inventoryv1.VirtualMachine) []field {
	if vm == nil {
		return nil
	}
	return []field{
		{"image", clean(vm.GetImage())},
		{"architecture", clean(vm.GetArchitecture())},
		{"platform", clean(vm.GetPlatform())},
		{"spot", yes(vm.GetSpot())},
		{"network", clean(vm.GetNetwork())},
		{"subnet", clean(vm.GetSubnet())},
		{"hostname", clean(vm.GetHostname())},
		{"scaling group", clean(vm.GetAutoscalingGroup())},
		{"started", s.stamp(vm.GetStartTime())},
	}
}

func databaseFields(s *session, db *inventoryv1.Database) []field {
	if db == nil {
		return nil
	}
	fields := []field{
		{"engine", clean(strings.TrimSpace(db.GetEngine() + " " + db.GetEngineVersion()))},
		{"high availability", yes(db.GetHighAvailability())},
		{"replica of", clean(db.GetReplicaOf())},
		{"cluster", clean(db.GetCluster())},
		{"cluster writer", yes(db.GetClusterWriter())},
		{"starts by itself", s.stamp(db.GetAutoRestartTime())},
		{"network", clean(db.GetNetwork())},
	}
	if db.GetStorageGib() > 0 {
		fields = append(fields, field{"storage", number(db.GetStorageGib()) + " GiB"})
	}
	if db.GetEndpoint() != "" {
		fields = append(fields, field{"endpoint", clean(fmt.Sprintf("%s:%d", db.GetEndpoint(), db.GetPort()))})
	}
	return fields
}

// yes is a fact that is worth a line only when it is so.
func yes(so bool) string {
	if so {
		return "yes"
	}
	return ""
}
