package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

type instancesCommand struct {
	remote `embed:""`

	List   listInstances   `cmd:"" default:"withargs" help:"List instances (the default)."`
	Get    getInstance     `cmd:"" help:"Show one instance by its name on the roll."`
	Lookup lookupInstance  `cmd:"" help:"Find one instance by the cloud's id, its ARN or its display name."`
	Export exportInstances `cmd:"" help:"Print all instances as of one moment, one JSON object a line: the fast way to take the roll away."`
	Watch  watchInstances  `cmd:"" help:"Follow what happens, as it happens."`
	Count  countInstances  `cmd:"" help:"Count instances by up to four fields."`
	Start  startInstances  `cmd:"" help:"Start instances, and wait for what comes of it."`
	Stop   stopInstances   `cmd:"" help:"Stop instances, and wait for what comes of it."`

	History instanceHistory `cmd:"" help:"Show what happened to one instance, and when nobody looked."`
}

// staleness is the flag that refuses answers which are too old.
type staleness struct {
	MaxStaleness time.Duration `help:"Fail rather than answer from an observation older than this, such as 10m." placeholder:"DURATION"`
}

// limit is the duration for a request; nil when there is none.
func (s staleness) limit() *durationpb.Duration {
	if s.MaxStaleness == 0 {
		return nil
	}
	return durationpb.New(s.MaxStaleness)
}

// tableLimit is how many instances a table shows unless told otherwise. Scripts get all.
const tableLimit = 200

type listInstances struct {
	Filter   string `short:"f" help:"AIP-160 filter over every field, such as 'state = RUNNING AND labels.team = \"data\"'." placeholder:"FILTER"`
	OrderBy  string `help:"Fields to sort by, such as 'create_time desc'. Default: display_name in a table, name otherwise." placeholder:"FIELDS"`
	Limit    *int   `help:"At most so many; 0: all. Default: 200 in a table, all otherwise." placeholder:"N"`
	ShowGone bool   `help:"Also those that are gone."`
	Wide     bool   `short:"w" help:"More columns."`

	staleness `embed:""`
	asOf      `embed:""`
}

// Help is the end of --help.
func (c *listInstances) Help() string {
	return `Examples:
  rollcall instances list --filter 'kind = DATABASE AND location.region = "eu-west-1"'
  rollcall instances list --filter 'labels:team AND display_name : "web"' --order-by 'create_time desc' --limit 20
  rollcall instances list --as-of 2h --show-gone
  rollcall instances list -o ndjson | jq -r '.privateIps[]'`
}

// Run lists instances.
func (c *listInstances) Run(ctx context.Context, s *session) error {
	limit, order := 0, c.OrderBy
	if s.format == formatTable { // for people: by what they call the instances, and not too many
		limit, order = tableLimit, cmp.Or(c.OrderBy, "display_name")
	}
	if c.Limit != nil {
		limit = *c.Limit
	}
	columns := instanceColumns
	if c.Wide {
		columns = append(columns[:len(columns):len(columns)], wideInstanceColumns...)
	}
	return listing[*inventoryv1.Instance, *inventoryv1.ListInstancesResponse]{
		key:     "instances",
		columns: columns,
		fetch: func(ctx context.Context, size int32, token string) (*inventoryv1.ListInstancesResponse, error) {
			return s.inventory().ListInstances(ctx, &inventoryv1.ListInstancesRequest{
				Filter: c.Filter, OrderBy: order, PageSize: size, PageToken: token,
				ShowGone: c.ShowGone, MaxStaleness: c.limit(), AsOf: c.at(),
			})
		},
		items:    (*inventoryv1.ListInstancesResponse).GetInstances,
		footnote: func(last *inventoryv1.ListInstancesResponse, shown int) { c.footnote(s, last, shown) },
	}.print(ctx, s, limit)
}

// footnote says how many of how many were shown, or why there is nothing.
func (c *listInstances) footnote(s *session, last *inventoryv1.ListInstancesResponse, shown int) {
	summary := outOf(shown, int(last.GetTotalSize()), "instance")
	if shown == 0 {
		summary = nothingFound(c.Filter, last)
	}
	s.footnotes(summary, last)
	if c.Limit == nil && int(last.GetTotalSize()) > shown {
		fmt.Fprintf(s.err, "See all: %s\n", s.errStyle.bold("--limit 0"))
	}
}

// nothingFound tells "no instances" from "could not look".
func nothingFound(filter string, v vouched) string {
	switch {
	case len(v.GetUnreachable()) > 0:
		return "No instance is known, and not everything could be looked at"
	case v.GetFreshness().GetOldestObserveTime() == nil:
		return "Nothing was looked at yet: see rollcall accounts list"
	case filter != "":
		return "No instance matches the filter"
	default:
		return "No instances: every scope was looked at, and none has any"
	}
}

var instanceColumns = []column[*inventoryv1.Instance]{
	{title: "name", cell: func(_ *session, i *inventoryv1.Instance) string { return clean(i.GetDisplayName()) }},
	{title: "state", cell: func(s *session, i *inventoryv1.Instance) string { return s.outStyle.byWord(i.GetState().String()) }},
	{title: "kind", cell: func(_ *session, i *inventoryv1.Instance) string { return word(i.GetKind().String()) }},
	{title: "type", cell: func(_ *session, i *inventoryv1.Instance) string { return clean(i.GetMachineType()) }},
	{title: "location", cell: func(_ *session, i *inventoryv1.Instance) string {
		return clean(cmp.Or(i.GetLocation().GetZone(), i.GetLocation().GetRegion()))
	}},
	{title: "account", cell: func(_ *session, i *inventoryv1.Instance) string {
		return clean(id(accountsCollection, i.GetAccount()))
	}},
	{title: "id", cell: func(_ *session, i *inventoryv1.Instance) string { return clean(i.GetProviderId()) }},
}

var wideInstanceColumns = []column[*inventoryv1.Instance]{
	{title: "private ips", cell: func(_ *session, i *inventoryv1.Instance) string { return clean(strings.Join(i.GetPrivateIps(), ",")) }},
	{title: "public ips", cell: func(_ *session, i *inventoryv1.Instance) string { return clean(strings.Join(i.GetPublicIps(), ",")) }},
	{title: "created", cell: func(s *session, i *inventoryv1.Instance) string {
		if i.GetCreateTime() == nil {
			return ""
		}
		return s.ago(i.GetCreateTime())
	}},
	{title: "labels", cell: func(_ *session, i *inventoryv1.Instance) string {
		return strings.ReplaceAll(labelText(i.GetLabels()), "\n", ",")
	}},
	{title: "instance", cell: func(_ *session, i *inventoryv1.Instance) string {
		return clean(id(instancesCollection, i.GetName()))
	}},
}

type countInstances struct {
	By       []string `arg:"" optional:"" help:"Fields to count by: account, provider, kind, location.region, location.zone, state, machine_type, labels.KEY. Default: account and kind." name:"field"`
	Filter   string   `short:"f" help:"As in rollcall instances list." placeholder:"FILTER"`
	ShowGone bool     `help:"Also those that are gone."`

	staleness `embed:""`
	asOf      `embed:""`
}

// Help is the end of --help.
func (c *countInstances) Help() string {
	return `Examples:
  rollcall instances count location.region state
  rollcall instances count labels.team --filter 'kind = DATABASE'`
}

// Run counts instances.
func (c *countInstances) Run(ctx context.Context, s *session) error {
	by := c.By
	if len(by) == 0 {
		by = []string{"account", "kind"}
	}
	answer, err := s.inventory().AggregateInstances(ctx, &inventoryv1.AggregateInstancesRequest{
		GroupBy: by, Filter: c.Filter, ShowGone: c.ShowGone, MaxStaleness: c.limit(), AsOf: c.at(),
	})
	if err != nil {
		return err
	}
	if s.format != formatTable {
		if err := printMessage(s.out, s.format, answer); err != nil {
			return err
		}
	} else if len(answer.GetGroups()) > 0 {
		printTable(s, groupColumns(by), answer.GetGroups())
	}
	var total int64
	for _, g := range answer.GetGroups() {
		total += g.GetCount()
	}
	summary := plural(total, "instance")
	if total == 0 {
		summary = nothingFound(c.Filter, answer)
	}
	s.footnotes(summary, answer)
	return nil
}

// groupColumns are the fields counted by, then the count.
func groupColumns(by []string) []column[*inventoryv1.AggregateInstancesResponse_Group] {
	var columns []column[*inventoryv1.AggregateInstancesResponse_Group]
	for i, path := range by {
		columns = append(columns, column[*inventoryv1.AggregateInstancesResponse_Group]{
			title: path,
			cell: func(s *session, g *inventoryv1.AggregateInstancesResponse_Group) string {
				if i >= len(g.GetValues()) || g.GetValues()[i] == "" {
					return s.outStyle.dim("-")
				}
				return clean(id(accountsCollection, g.GetValues()[i]))
			},
		})
	}
	return append(columns, column[*inventoryv1.AggregateInstancesResponse_Group]{
		title: "instances", right: true,
		cell: func(_ *session, g *inventoryv1.AggregateInstancesResponse_Group) string { return number(g.GetCount()) },
	})
}
