package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// ScopesView is the page of all scopes.
type ScopesView struct {
	Rows []ScopeRow
	// Only is set if only unreachable scopes are shown, and OnlyURL toggles that.
	Only    bool
	OnlyURL string
	NextURL string
	Problem string
}

// ScopeRow is one row of the table.
type ScopeRow struct {
	Account, Kind, Location string
	Instances               string
	// Age is the time since the last complete observation, and Every the interval at which it is
	// due.
	Age, Every string
	Chip       Chip
	Problem    string
	// ConfirmURL confirms the scope, or is "" if there is nothing to confirm. HoldTime identifies
	// the hold, and Question is the text of the button.
	ConfirmURL, HoldTime, Question string
}

const scopesPage = 200

// NewScopes returns the handler of the page of all scopes, /scopes.
func NewScopes(upstreams gateway.Upstreams) http.Handler {
	inventory := inventoryv1.NewInventoryServiceClient(upstreams.Inventory)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		showScopes(w, r, inventory, "")
	})
}

// NewConfirm returns the handler of the form at /scopes/{scope}/confirm, which confirms a scope and
// redirects to the list. Package web refuses forms of other sites.
func NewConfirm(upstreams gateway.Upstreams) http.Handler {
	inventory := inventoryv1.NewInventoryServiceClient(upstreams.Inventory)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := &inventoryv1.ConfirmScopeRequest{Name: "scopes/" + r.PathValue("scope")}
		if holdTime, err := time.Parse(time.RFC3339Nano, r.PostFormValue("hold")); err == nil {
			request.HoldTime = timestamppb.New(holdTime)
		}
		ctx, cancel := context.WithTimeout(r.Context(), readLimit)
		defer cancel()
		if _, err := inventory.ConfirmScope(ctx, request); err != nil {
			showScopes(w, r, inventory, problemText(err))
			return
		}
		http.Redirect(w, r, "/scopes", http.StatusSeeOther)
	})
}

func showScopes(w http.ResponseWriter, r *http.Request, inventory inventoryv1.InventoryServiceClient, problem string) {
	ctx, cancel := context.WithTimeout(r.Context(), readLimit)
	defer cancel()
	only := r.URL.Query().Get("only") == "unreachable"
	request := &inventoryv1.ListScopesRequest{PageSize: scopesPage, PageToken: r.URL.Query().Get("page")}
	view := ScopesView{Only: only, OnlyURL: "/scopes?only=unreachable", Problem: problem}
	query := url.Values{}
	if only {
		request.Filter, view.OnlyURL = "unreachable", "/scopes"
		query.Set("only", "unreachable")
	}
	code := http.StatusOK
	answer, err := inventory.ListScopes(ctx, request)
	switch {
	case err != nil:
		view.Problem, code = problemText(err), httpCode(err)
	case problem != "":
		code = http.StatusConflict
	}
	for _, scope := range answer.GetScopes() {
		view.Rows = append(view.Rows, scopeRow(scope, time.Now()))
	}
	if next := answer.GetNextPageToken(); next != "" {
		query.Set("page", next)
		view.NextURL = "/scopes?" + query.Encode()
	}
	writePage(w, code)
	_ = scopesPageOf(view).Render(r.Context(), w) //nolint:contextcheck // Render brings the context
}

func scopeRow(s *inventoryv1.Scope, now time.Time) ScopeRow {
	row := ScopeRow{
		Account: strings.TrimPrefix(s.GetAccount(), "accounts/"), Kind: kindText(s.GetKind()), Location: s.GetLocation(),
		Instances: humanize.Number(s.GetInstanceCount()), Age: "never", Chip: Chip{Text: "fresh", Class: "connected"},
	}
	age, interval := s.GetAge().AsDuration(), s.GetSyncInterval().AsDuration()
	if s.GetLastCompleteTime() != nil {
		row.Age = humanize.Ago(age)
	}
	if interval > 0 {
		row.Every = "every " + humanize.Duration(interval)
	}
	if row.Location == "-" {
		row.Location = "everywhere"
	}
	confirm := "/scopes/" + strings.TrimPrefix(s.GetName(), "scopes/") + "/confirm"
	switch hold := s.GetHold(); {
	case hold != nil:
		row.Chip = Chip{Text: "held", Class: "degraded"}
		row.Problem = humanize.Number(hold.GetMissingCount()) + " of " + humanize.Number(hold.GetInstanceCount()) + " instances were missing " +
			relativeTime(hold.GetHoldTime(), now).Text + ". They are shown as last seen until further complete observations confirm that they are gone, or you do."
		row.ConfirmURL, row.HoldTime = confirm, hold.GetHoldTime().AsTime().Format(time.RFC3339Nano)
		row.Question = "Mark them as gone"
	case s.GetLastErrorReason() == "RETIRED":
		row.Chip = Chip{Text: "no longer read", Class: "stopped"}
		row.Problem = s.GetLastError()
		if s.GetInstanceCount() > 0 {
			row.ConfirmURL, row.Question = confirm, "Mark all as gone"
		}
	case s.GetLastErrorReason() != "":
		row.Chip = Chip{Text: "failed", Class: "failed"}
		row.Problem = s.GetLastErrorReason() + " " + s.GetLastError()
	case s.GetLastCompleteTime() == nil:
		row.Chip = Chip{Text: "waiting", Class: "pending"}
	case interval > 0 && age > 2*interval:
		row.Chip = Chip{Text: "overdue", Class: "degraded"}
	}
	return row
}

// kindText returns the plural of a kind, or "all kinds" for a scope of the whole account.
func kindText(kind commonv1.Kind) string {
	if kind == commonv1.Kind_KIND_UNSPECIFIED {
		return "all kinds"
	}
	return cloud.Kind(kind.String()).Plural()
}
