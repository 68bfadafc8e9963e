package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"google.golang.org/protobuf/proto"
)

// writeHistory writes an instance that was observed, then not, then again with another size, and a
// region that is no longer read.
func writeHistory(s *stack) (account string) {
	account = s.account("100000000001", "data-platform")
	before := machine("us-east-1", "ingest-001", 1)
	s.observed(account, "us-east-1", before)
	s.unseen(account, "us-east-1", "THROTTLED", "Rate exceeded.")
	after := proto.CloneOf(before)
	after.MachineType, after.Labels["team"] = "m6i.4xlarge", "search"
	s.observed(account, "us-east-1", after)
	s.observed(account, "eu-west-1", machine("eu-west-1", "old-001", 2))
	s.unseen(account, "eu-west-1", "RETIRED", "eu-west-1 is no longer among the account's regions; its instances are shown as last seen")
	s.connection(account, connected())
	return account
}

// TestHistory_REST reads an instance as of each of its changes.
func TestHistory_REST(t *testing.T) {
	t.Parallel()
	s := start(t)
	writeHistory(s)
	list := s.want(http.StatusOK, "GET", "/v1/instances?filter="+url.QueryEscape(`display_name = "ingest-001"`), "")
	name, _ := at(list.json, "instances", 0, "name").(string)
	history := s.want(http.StatusOK, "GET", "/v1/"+name+"/changes", "")
	for _, c := range []struct {
		want any
		path []any
	}{
		{"CHANGED", []any{"changes", 0, "type"}}, {"CREATED", []any{"changes", 1, "type"}},
		{"labels.team", []any{"changes", 0, "fields", 0, "field"}}, {"web", []any{"changes", 0, "fields", 0, "from"}},
		{"search", []any{"changes", 0, "fields", 0, "to"}}, {"machineType", []any{"changes", 0, "fields", 1, "field"}},
		{"THROTTLED", []any{"gaps", 0, "reason"}}, {"scopes/aws-100000000001~virtual-machine~us-east-1", []any{"gaps", 0, "scope"}},
	} {
		if got := at(history.json, c.path...); got != c.want {
			t.Errorf("%v is %v, want %v in %s", c.path, got, c.want, history.body)
		}
	}
	created, _ := at(history.json, "changes", 1, "commitTime").(string)
	asOf := "asOf=" + url.QueryEscape(created)
	then := s.want(http.StatusOK, "GET", "/v1/"+name+"?"+asOf, "")
	if got := at(then.json, "machineType"); got != "c7g.large" {
		t.Errorf("machine type as of then: %v in %s", got, then.body)
	}
	then = s.want(http.StatusOK, "GET", "/v1/instances?"+asOf, "")
	if got := at(then.json, "totalSize"); got != 1.0 {
		t.Errorf("instances as of then: %v in %s", got, then.body)
	}
	then = s.want(http.StatusOK, "GET", "/v1/instances:aggregate?groupBy=machine_type&"+asOf, "")
	if got := at(then.json, "groups", 0, "values", 0); got != "c7g.large" {
		t.Errorf("groups as of then: %v in %s", got, then.body)
	}
	early := s.want(http.StatusBadRequest, "GET", "/v1/instances?asOf=2020-01-01T00:00:00Z", "")
	if got := at(early.json, "details", 0, "reason"); got != "HISTORY_EXPIRED" || at(early.json, "details", 0, "metadata", "historyStartTime") == nil {
		t.Errorf("before the history: %s", early.body)
	}
	s.want(http.StatusBadRequest, "GET", "/v1/instances?asOf=2999-01-01T00:00:00Z", "")
	s.want(http.StatusNotFound, "GET", "/v1/instances/00000000-0000-0000-0000-000000000000/changes", "")
}

// TestConsole_History checks the changes of an instance and the times without observations.
func TestConsole_History(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	writeHistory(s)
	p.visit(s.web)
	p.shows("#instances-title", "2")
	p.click(`td.name a[href^="/instances/"]`)
	p.shows(".timeline", "first seen")
	for _, want := range []string{"changed", "machineType c7g.large → m6i.4xlarge", "labels.team web → search", "not observed", "THROTTLED: Rate exceeded."} {
		if got := p.text(".timeline"); !strings.Contains(got, want) {
			t.Errorf("the history is %q, want %q in it", got, want)
		}
	}
	if got := p.text(".facts"); !strings.Contains(got, "m6i.4xlarge") {
		t.Errorf("the properties are %q", got)
	}
	p.pictures("instance")
	p.visit(s.web + "/instances/nonsense")
	p.shows("[role=alert]", "was not found")
}

// pictures takes screenshots in light and dark and on a phone, and checks that the page fits there.
func (p *tab) pictures(name string) {
	p.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		p.media(theme)
		p.picture(name + "-" + theme)
	}
	p.media("light")
	p.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	if wide := value[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		p.t.Errorf("on a phone the page %s is %d pixels wide", name, wide)
	}
	p.picture(name + "-phone")
	p.do(chromedp.EmulateViewport(1280, 800))
}

// TestConsole_ConfirmsScope checks the list of scopes and confirms one that is no longer read.
func TestConsole_ConfirmsScope(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := start(t)
	account := writeHistory(s)
	p.visit(s.web + "/scopes")
	p.shows("table.scopes", "no longer read")
	if got := p.text("table.scopes"); !strings.Contains(got, "fresh") || !strings.Contains(got, "no longer among the account") {
		t.Errorf("the scopes are %q", got)
	}
	p.pictures("scopes")
	p.click(".scopes form button")
	p.awaitTrue(`!document.querySelector(".scopes form")`)
	if got := s.want(http.StatusOK, "GET", "/v1/instances?filter="+url.QueryEscape(`display_name = "old-001"`), ""); at(got.json, "totalSize") != 0.0 {
		t.Errorf("the instance is still listed: %s", got.body)
	}
	p.visit(s.web + "/scopes?only=unreachable")
	p.shows(".empty", "All scopes are up to date.")

	// A page of another site can't confirm.
	s.observed(account, "eu-west-1", machine("eu-west-1", "old-002", 3))
	s.unseen(account, "eu-west-1", "RETIRED", "again")
	const confirm = "/scopes/aws-100000000001~virtual-machine~eu-west-1/confirm"
	if r := s.call("POST", confirm, "", "Sec-Fetch-Site", "cross-site", "Content-Type", "application/x-www-form-urlencoded"); r.status != http.StatusForbidden {
		t.Errorf("cross-site request: HTTP %d", r.status)
	}
	scope := s.want(http.StatusOK, "GET", "/v1/scopes?filter="+url.QueryEscape("last_error_reason = RETIRED"), "")
	if at(scope.json, "scopes", 0, "instanceCount") != "1" {
		t.Errorf("the scope was confirmed: %s", scope.body)
	}
	s.want(http.StatusBadRequest, "POST", "/v1/scopes/aws-100000000001~virtual-machine~us-east-1:confirm", "{}")
}
