package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway"
)

// InstanceView is the page of one instance: what it is, and what happened to it.
type InstanceView struct {
	Title string
	Chip  Chip
	// Facts are names and values; none is empty.
	Facts   [][2]string
	Entries []Entry
	// Since is how far back history is kept.
	Since Moment
	// OlderURL is the next page of the history; "" on the last.
	OlderURL string
	// Problem is why the page can't be shown.
	Problem string
}

// Entry is a change in the history of an instance, or a gap in it.
type Entry struct {
	Gap bool
	// Word is what happened, Class its colour.
	Word, Class string
	When        Moment
	// Text says of a gap how long it was, and why.
	Text    string
	Changes []FieldChange
}

// FieldChange is what changed in a field.
type FieldChange struct{ Field, From, To string }

// historyPage is how many changes a page of history shows.
const historyPage = 50

// NewInstance serves the page of an instance at /instances/{instance}.
func NewInstance(upstreams gateway.Upstreams) http.Handler {
	inventory := inventoryv1.NewInventoryServiceClient(upstreams.Inventory)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		view, code := readInstance(r.Context(), inventory, r.PathValue("instance"), r.URL.Query().Get("page"), time.Now())
		writePage(w, code)
		_ = instancePage(view).Render(r.Context(), w) //nolint:contextcheck // Render brings the context
	})
}

func writePage(w http.ResponseWriter, code int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
}

func readInstance(ctx context.Context, inventory inventoryv1.InventoryServiceClient, id, token string, now time.Time) (InstanceView, int) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	name := "instances/" + id
	instance, err := inventory.GetInstance(ctx, &inventoryv1.GetInstanceRequest{Name: name})
	if err != nil {
		return InstanceView{Title: "Instance", Problem: problemText(err)}, httpCode(err)
	}
	view := InstanceView{Title: instance.GetDisplayName(), Chip: stateChip(instance), Facts: facts(instance, now)}
	if view.Title == "" {
		view.Title = instance.GetProviderId()
	}
	history, err := inventory.ListInstanceChanges(ctx, &inventoryv1.ListInstanceChangesRequest{Parent: name, PageSize: historyPage, PageToken: token})
	if err != nil {
		view.Problem = problemText(err)
		return view, httpCode(err)
	}
	view.Entries, view.Since = entries(history, now), moment(history.GetHistoryStartTime(), now)
	if next := history.GetNextPageToken(); next != "" {
		view.OlderURL = "/instances/" + id + "?page=" + next // base64url: nothing to escape
	}
	return view, http.StatusOK
}

// problemText is why something can't be shown.
func problemText(err error) string {
	if away(err) {
		return "The inventory service does not answer. Try again soon."
	}
	return status.Convert(err).Message()
}

func httpCode(err error) int {
	switch {
	case status.Code(err) == codes.NotFound:
		return http.StatusNotFound
	case away(err):
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func facts(i *inventoryv1.Instance, now time.Time) [][2]string {
	var all [][2]string
	add := func(name, value string) {
		if value != "" {
			all = append(all, [2]string{name, value})
		}
	}
	add("Account", strings.TrimPrefix(i.GetAccount(), "accounts/"))
	add("Type", typeText(i))
	add("Location", locationText(i))
	add("Private addresses", strings.Join(i.GetPrivateIps(), ", "))
	add("Public addresses", strings.Join(i.GetPublicIps(), ", "))
	var labels []string
	for _, key := range labelKeys(i) {
		labels = append(labels, key+"="+i.GetLabels()[key])
	}
	add("Labels", strings.Join(labels, ", "))
	add("Provider id", i.GetProviderId())
	add("Provider URI", i.GetProviderUri())
	for _, at := range []struct {
		name string
		m    Moment
	}{
		{"Created", moment(i.GetCreateTime(), now)}, {"First seen", moment(i.GetFirstSeenTime(), now)},
		{"Observed", moment(i.GetObserveTime(), now)}, {"Gone", moment(i.GetGoneTime(), now)},
	} {
		if !at.m.IsZero() {
			add(at.name, at.m.Exact+" ("+at.m.Text+")")
		}
	}
	return all
}

var changeWords = map[inventoryv1.InstanceChange_Type][2]string{
	inventoryv1.InstanceChange_CREATED:    {"first seen", "running"},
	inventoryv1.InstanceChange_CHANGED:    {"changed", "pending"},
	inventoryv1.InstanceChange_GONE:       {"gone", "stopped"},
	inventoryv1.InstanceChange_REAPPEARED: {"back", "running"},
}

// entries are changes and gaps in one line of time, newest first.
func entries(history *inventoryv1.ListInstanceChangesResponse, now time.Time) []Entry {
	var all []Entry
	gaps := history.GetGaps()
	for _, change := range history.GetChanges() {
		for len(gaps) > 0 && (gaps[0].GetEndTime() == nil || !gaps[0].GetEndTime().AsTime().Before(change.GetCommitTime().AsTime())) {
			all, gaps = append(all, gapEntry(gaps[0], now)), gaps[1:]
		}
		word := changeWords[change.GetType()]
		entry := Entry{Word: word[0], Class: word[1], When: moment(change.GetCommitTime(), now)}
		for _, f := range change.GetFields() {
			entry.Changes = append(entry.Changes, FieldChange{f.GetField(), valueText(f.GetFrom()), valueText(f.GetTo())})
		}
		all = append(all, entry)
	}
	for _, gap := range gaps {
		all = append(all, gapEntry(gap, now))
	}
	return all
}

func gapEntry(gap *inventoryv1.ObservationGap, now time.Time) Entry {
	entry := Entry{Gap: true, Word: "not observed", Class: "degraded", When: moment(gap.GetStartTime(), now)}
	switch start, end := gap.GetStartTime(), gap.GetEndTime(); {
	case start == nil && end == nil:
		entry.Text = "Its scope was never observed to the end."
	case start == nil:
		entry.Text = "Its scope was not observed before."
	case end == nil:
		entry.Text = "Nobody could look since, for " + span(now.Sub(start.AsTime())) + "."
	default:
		entry.Text = "Nobody could look for " + span(end.AsTime().Sub(start.AsTime())) + "."
	}
	if gap.GetReason() != "" {
		entry.Text += " " + gap.GetReason()
	}
	if gap.GetError() != "" {
		entry.Text += ": " + gap.GetError()
	}
	return entry
}

// valueText is one side of a change.
func valueText(v *structpb.Value) string {
	switch kind := v.GetKind().(type) {
	case nil, *structpb.Value_NullValue:
		return "nothing"
	case *structpb.Value_StringValue:
		if kind.StringValue == "" {
			return "empty"
		}
		return kind.StringValue
	}
	text, err := json.Marshal(v.AsInterface())
	if err != nil {
		return fmt.Sprint(v.AsInterface())
	}
	return string(text)
}
