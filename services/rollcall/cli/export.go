package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

type exportInstances struct {
	Filter   string `short:"f" help:"AIP-160 filter, as in list." placeholder:"FILTER"`
	ShowGone bool   `help:"Include instances that are gone."`

	staleness `embed:""`
}

// Help returns the end of the help text.
func (c *exportInstances) Help() string {
	return `Examples:
  rollcall instances export > inventory.ndjson
  rollcall instances export --filter 'kind = DATABASE' --max-staleness 30m | jq -r .providerUri`
}

// Run prints the instances as they arrive.
func (c *exportInstances) Run(ctx context.Context, s *session) error {
	stream, err := s.inventory().ExportInstances(ctx, &inventoryv1.ExportInstancesRequest{
		Filter: c.Filter, ShowGone: c.ShowGone, MaxStaleness: c.limit(),
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(s.out)
	var first, last *inventoryv1.ExportInstancesResponse
	shown := int64(0)
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if last = message; first == nil {
			first = message
		}
		for _, instance := range message.GetInstances() {
			if err := printMessage(out, formatNDJSON, instance); err != nil {
				return err
			}
			shown++
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if last == nil || last.InstanceCount == nil || last.GetInstanceCount() != shown {
		return fmt.Errorf("the export ended early, after %s; run it again", humanize.Count(shown, "instance"))
	}
	s.footnotes(humanize.Count(shown, "instance"), &inventoryv1.ListInstancesResponse{Freshness: first.GetFreshness(), Unreachable: first.GetUnreachable()})
	return nil
}
