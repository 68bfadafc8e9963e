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
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// InstanceView is the page of one instance: its properties and its history.
type InstanceView struct {
	Title string
	Chip  Chip
	// Facts are pairs of a name and a value that is not empty.
	Facts   [][2]string
	Entries []Entry
	// Since is the start of the recorded history.
	Since RelativeTime
	// OlderURL is the next page of the history, or "" on the last page.
	OlderURL string
	// Problem is the reason why the page, or part of it, can't be shown.
	Problem string
}

// Entry is a change in the history of an instance, or a gap in it.
type Entry struct {
	Gap bool
	// Title names the change, and Class its colour.
	Title, Class string
	When         RelativeTime
	// Text explains a gap: its duration and reason.
	Text    string
	Changes []FieldChange
}

// FieldChange is the change of one field.
type FieldChange struct{ Field, From, To string }

// historyPage is the number of changes on a page of the history.
const historyPage = 50

// NewInstance returns the handler of the page of an instance, /instances/{instance}.
func NewInstance(upstreams gateway.Upstreams) http.Handler {
	inventory := inventoryv1.NewInventoryServiceClient(upstreams.Inventory)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		view, code := readInstance(r.Context(), inventory, r.PathValue("instance"), r.URL.Query().Get("page"), time.Now())
		writePage(w, code)
		_ = instancePage(view).Render(r.Context(), w) //nolint:contextcheck // Render has the context
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
	view.Entries, view.Since = entries(history, now), relativeTime(history.GetHistoryStartTime(), now)
	if next := history.GetNextPageToken(); next != "" {
		view.OlderURL = "/instances/" + id + "?page=" + next // The token is base64url and needs no escaping.
	}
	return view, http.StatusOK
}

// problemText explains why something can't be shown.
func problemText(err error) string {
	if isUnavailable(err) {
		return "The inventory service is not responding. Try again later."
	}
	return status.Convert(err).Message()
}

func httpCode(err error) int {
	switch {
	case status.Code(err) == codes.NotFound:
		return http.StatusNotFound
	case isUnavailable(err):
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
		m    RelativeTime
	}{
		{"Created", relativeTime(i.GetCreateTime(), now)}, {"First seen", relativeTime(i.GetFirstSeenTime(), now)},
		{"Observed", relativeTime(i.GetObserveTime(), now)}, {"Gone", relativeTime(i.GetGoneTime(), now)},
	} {
		if !at.m.IsZero() {
			add(at.name, at.m.Exact+" ("+at.m.Text+")")
		}
	}
	return all
}

var changeTitles = map[inventoryv1.InstanceChange_Type][2]string{
	inventoryv1.InstanceChange_CREATED:    {"first seen", "running"},
	inventoryv1.InstanceChange_CHANGED:    {"changed", "pending"},
	inventoryv1.InstanceChange_GONE:       {"gone", "stopped"},
	inventoryv1.InstanceChange_REAPPEARED: {"back", "running"},
}

// entries returns changes and gaps in one timeline, newest first.
func entries(history *inventoryv1.ListInstanceChangesResponse, now time.Time) []Entry {
	var all []Entry
	gaps := history.GetGaps()
	for _, change := range history.GetChanges() {
		for len(gaps) > 0 && (gaps[0].GetEndTime() == nil || !gaps[0].GetEndTime().AsTime().Before(change.GetCommitTime().AsTime())) {
			all, gaps = append(all, gapEntry(gaps[0], now)), gaps[1:]
		}
		title := changeTitles[change.GetType()]
		entry := Entry{Title: title[0], Class: title[1], When: relativeTime(change.GetCommitTime(), now)}
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
	entry := Entry{Gap: true, Title: "not observed", Class: "degraded", When: relativeTime(gap.GetStartTime(), now)}
	switch start, end := gap.GetStartTime(), gap.GetEndTime(); {
	case start == nil && end == nil:
		entry.Text = "Its scope was never read completely."
	case start == nil:
		entry.Text = "Its scope was not observed before this time."
	case end == nil:
		entry.Text = "Not observed since then, for " + humanize.Duration(now.Sub(start.AsTime())) + "."
	default:
		entry.Text = "Not observed for " + humanize.Duration(end.AsTime().Sub(start.AsTime())) + "."
	}
	if gap.GetReason() != "" {
		entry.Text += " " + gap.GetReason()
	}
	if gap.GetError() != "" {
		entry.Text += ": " + gap.GetError()
	}
	return entry
}

// valueText returns the text of the old or new value of a change.
func valueText(v *structpb.Value) string {
	switch kind := v.GetKind().(type) {
	case nil, *structpb.Value_NullValue:
		return "not set"
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
