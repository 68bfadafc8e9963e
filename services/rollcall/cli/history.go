package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// historyLimit is the default number of changes in a timeline. Scripts get all changes.
const historyLimit = 50

type instanceHistory struct {
	Name  string `arg:"" help:"The name of the instance: instances/ID or only the ID."`
	Limit *int   `help:"Maximum number of changes; 0 for all. Default: 50 in a timeline, all otherwise." placeholder:"N"`
}

// Help returns the end of the help text.
func (c *instanceHistory) Help() string {
	return `Prints the changes, newest first, and the times in which the instance was not observed. A change within such a time was
seen afterwards, or not at all.`
}

// Run prints the history of an instance.
func (c *instanceHistory) Run(ctx context.Context, s *session) error {
	limit := 0
	if s.format == formatTable {
		limit = historyLimit
	}
	if c.Limit != nil {
		limit = *c.Limit
	}
	all := &inventoryv1.ListInstanceChangesResponse{}
	history := listing[*inventoryv1.InstanceChange, *inventoryv1.ListInstanceChangesResponse]{
		fetch: func(ctx context.Context, size int32, token string) (*inventoryv1.ListInstanceChangesResponse, error) {
			page, err := s.inventory().ListInstanceChanges(ctx, &inventoryv1.ListInstanceChangesRequest{
				Parent: resource(instancesCollection, c.Name), PageSize: size, PageToken: token,
			})
			if err == nil {
				all.Gaps, all.HistoryStartTime = append(all.Gaps, page.GetGaps()...), page.GetHistoryStartTime()
			}
			return page, err
		},
		items: (*inventoryv1.ListInstanceChangesResponse).GetChanges,
	}
	last, shown, err := history.each(ctx, limit, func(change *inventoryv1.InstanceChange) error {
		all.Changes = append(all.Changes, change)
		return nil
	})
	if err != nil {
		return err
	}
	switch s.format {
	case formatTable:
		s.timeline(all)
		summary := humanize.Count(shown, "change")
		if last.GetNextPageToken() != "" {
			summary = "the last " + summary
		}
		fmt.Fprintln(s.err, s.errStyle.dim(summary+"; history is recorded since "+s.exactTime(all.GetHistoryStartTime())))
		return nil
	case formatNDJSON:
		for _, change := range all.GetChanges() {
			if err := printMessage(s.out, formatNDJSON, change); err != nil {
				return err
			}
		}
		return nil
	}
	return printMessage(s.out, s.format, all)
}

// exactTime returns a time to the second in the local time zone.
func (s *session) exactTime(t *timestamppb.Timestamp) string {
	return t.AsTime().Local().Format("2006-01-02 15:04:05 MST")
}

// timeline prints changes and gaps, newest first.
func (s *session) timeline(h *inventoryv1.ListInstanceChangesResponse) {
	gaps := h.GetGaps()
	for _, change := range h.GetChanges() {
		for len(gaps) > 0 && (gaps[0].GetEndTime() == nil || !gaps[0].GetEndTime().AsTime().Before(change.GetCommitTime().AsTime())) {
			s.drawGap(gaps[0])
			gaps = gaps[1:]
		}
		s.drawChange(change)
	}
	for _, gap := range gaps {
		s.drawGap(gap)
	}
}

func (s *session) drawChange(change *inventoryv1.InstanceChange) {
	mark := s.outStyle.bold("●")
	fmt.Fprintf(s.out, "%s %s  %s\n", mark, s.exactTime(change.GetCommitTime()), s.outStyle.changeType(change.GetType().String()))
	for _, f := range change.GetFields() {
		fmt.Fprintf(s.out, "│   %s  %s → %s\n", clean(f.GetField()), s.outStyle.dim(valueText(f.GetFrom())), valueText(f.GetTo()))
	}
}

// drawGap prints a time without observations as a broken line.
func (s *session) drawGap(gap *inventoryv1.ObservationGap) {
	var text string
	switch start, end := gap.GetStartTime(), gap.GetEndTime(); {
	case start == nil && end == nil:
		text = "never observed yet"
	case end == nil:
		text = fmt.Sprintf("not observed since %s, for %s", s.exactTime(start), humanize.Short(s.now().Sub(start.AsTime())))
	case start == nil:
		text = "not observed before " + s.exactTime(end)
	default:
		text = fmt.Sprintf("not observed for %s, from %s to %s", span(start, end), s.exactTime(start), end.AsTime().Local().Format("15:04:05"))
	}
	fmt.Fprintf(s.out, "%s %s\n", s.outStyle.yellow("┊"), s.outStyle.yellow(text+": "+clean(gap.GetReason())))
	if gap.GetError() != "" {
		fmt.Fprintf(s.out, "%s %s\n", s.outStyle.yellow("┊"), clean(gap.GetError()))
	}
}

func span(start, end *timestamppb.Timestamp) string {
	return humanize.Short(end.AsTime().Sub(start.AsTime()).Round(time.Second))
}

// valueText returns the old or new value of a change for people.
func valueText(v *structpb.Value) string {
	switch kind := v.GetKind().(type) {
	case nil, *structpb.Value_NullValue:
		return "not set"
	case *structpb.Value_StringValue:
		if kind.StringValue == "" {
			return `""`
		}
		return clean(kind.StringValue)
	}
	text, err := json.Marshal(v.AsInterface())
	if err != nil {
		return "?"
	}
	return clean(string(text))
}

// changeType returns the type of a change in its colour.
func (s style) changeType(value string) string {
	switch value {
	case "CREATED", "REAPPEARED":
		return s.green(value)
	case "GONE":
		return s.red(value)
	}
	return s.cyan(value)
}

// gapNotes prints the gaps that contain the time of a response.
func gapNotes(out io.Writer, s *session, gaps []*inventoryv1.ObservationGap) {
	for i, gap := range gaps {
		if i == maxScopesShown {
			fmt.Fprintf(out, "  and %s more\n", humanize.Number(len(gaps)-i))
			return
		}
		from, to := "never before", "never since"
		if gap.GetStartTime() != nil {
			from = "last " + s.exactTime(gap.GetStartTime())
		}
		if gap.GetEndTime() != nil {
			to = "next " + s.exactTime(gap.GetEndTime())
		}
		fmt.Fprintf(out, "  %s: observed %s, %s (%s)\n", clean(scopeText(gap.GetScope())), from, to, clean(gap.GetReason()))
	}
}
