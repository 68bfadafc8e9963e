package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

type instancesCommand struct {
	remote `embed:""`

	List   listInstances   `cmd:"" default:"withargs" help:"List instances (the default)."`
	Get    getInstance     `cmd:"" help:"Show one instance by its name."`
	Lookup lookupInstance  `cmd:"" help:"Find one instance by the id in its cloud, its ARN or its display name."`
	Export exportInstances `cmd:"" help:"Print a consistent snapshot of all instances, one JSON object a line. Faster than list."`
	Watch  watchInstances  `cmd:"" help:"Print changes of instances as they happen."`
	Count  countInstances  `cmd:"" help:"Count instances by up to four fields."`
	Start  startInstances  `cmd:"" help:"Start instances and wait for the result."`
	Stop   stopInstances   `cmd:"" help:"Stop instances and wait for the result."`

	History instanceHistory `cmd:"" help:"Show the changes of one instance, and the times in which it was not observed."`
}

// staleness is the flag that refuses data that is too old.
type staleness struct {
	MaxStaleness time.Duration `help:"Fail if any of the data is older than this, such as 10m." placeholder:"DURATION"`
}

// limit returns the duration for a request, or nil if the flag is not set.
func (s staleness) limit() *durationpb.Duration {
	if s.MaxStaleness == 0 {
		return nil
	}
	return durationpb.New(s.MaxStaleness)
}

// tableLimit is the default number of instances in a table. Scripts get all instances.
const tableLimit = 200

type listInstances struct {
	Filter   string `short:"f" help:"AIP-160 filter over every field, such as 'state = RUNNING AND labels.team = \"data\"'." placeholder:"FILTER"`
	OrderBy  string `help:"Fields to sort by, such as 'create_time desc'. Default: display_name in a table, name otherwise." placeholder:"FIELDS"`
	Limit    *int   `help:"Maximum number of instances; 0 for all. Default: 200 in a table, all otherwise." placeholder:"N"`
	ShowGone bool   `help:"Include instances that are gone."`
	Wide     bool   `short:"w" help:"Show more columns."`

	staleness `embed:""`
	asOf      `embed:""`
}

// Help returns the end of the help text.
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
	if s.format == formatTable { // people get a limited number, sorted by name
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

// footnote prints how many instances were shown, or why there are none.
func (c *listInstances) footnote(s *session, last *inventoryv1.ListInstancesResponse, shown int) {
	summary := outOf(shown, int(last.GetTotalSize()), "instance")
	if shown == 0 {
		summary = nothingFound(c.Filter, last)
	}
	s.footnotes(summary, last)
	if c.Limit == nil && int(last.GetTotalSize()) > shown {
		fmt.Fprintf(s.err, "To see all, add %s\n", s.errStyle.bold("--limit 0"))
	}
}

// nothingFound returns the reason why there are no instances. It distinguishes "there are none"
// from "they could not be read".
func nothingFound(filter string, v withFreshness) string {
	switch {
	case len(v.GetUnreachable()) > 0:
		return "No instances are known, but not everything could be read"
	case v.GetFreshness().GetOldestObserveTime() == nil:
		return "Nothing has been read yet: see rollcall accounts list"
	case filter != "":
		return "No instances match the filter"
	default:
		return "There are no instances: all scopes were read and are empty"
	}
}

// instanceColumn returns a column with a field of an instance.
func instanceColumn(title, path string) column[*inventoryv1.Instance] {
	return column[*inventoryv1.Instance]{title: title, cell: func(s *session, i *inventoryv1.Instance) string { return s.instanceText(i, path) }}
}

var instanceColumns = []column[*inventoryv1.Instance]{
	instanceColumn("name", "display_name"),
	{title: "state", cell: func(s *session, i *inventoryv1.Instance) string { return s.outStyle.state(i.GetState().String()) }},
	instanceColumn("kind", "kind"),
	instanceColumn("type", "machine_type"),
	{title: "location", cell: func(_ *session, i *inventoryv1.Instance) string {
		return clean(cmp.Or(i.GetLocation().GetZone(), i.GetLocation().GetRegion()))
	}},
	instanceColumn("account", "account"),
	instanceColumn("id", "provider_id"),
}

var wideInstanceColumns = []column[*inventoryv1.Instance]{
	instanceColumn("private ips", "private_ips"),
	instanceColumn("public ips", "public_ips"),
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
	By       []string `arg:"" optional:"" help:"Up to four fields to count by, such as location.region, state or labels.team. Default: account and kind." name:"field"`
	Filter   string   `short:"f" help:"AIP-160 filter, as in list." placeholder:"FILTER"`
	ShowGone bool     `help:"Include instances that are gone."`

	staleness `embed:""`
	asOf      `embed:""`
}

// Help returns the end of the help text.
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
	summary := humanize.Count(total, "instance")
	if total == 0 {
		summary = nothingFound(c.Filter, answer)
	}
	s.footnotes(summary, answer)
	return nil
}

// groupColumns returns a column for each field and one for the count.
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
		cell: func(_ *session, g *inventoryv1.AggregateInstancesResponse_Group) string {
			return humanize.Number(g.GetCount())
		},
	})
}
