package gateway_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// reply is a JSON answer.
type reply struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (s *stack) call(method, path, body string, headers ...string) reply {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.web+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.http.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := reply{status: response.StatusCode, header: response.Header, body: string(content)}
	_ = json.Unmarshal(content, &r.json) // Pages are no JSON.
	return r
}

// want calls and fails the test when another HTTP status comes.
func (s *stack) want(status int, method, path, body string) reply {
	s.t.Helper()
	r := s.call(method, path, body)
	if r.status != status {
		s.t.Fatalf("%s %s: HTTP %d, want %d: %s", method, path, r.status, status, r.body)
	}
	return r
}

// at follows a path of keys and indexes into JSON.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func TestTheLifeOfAnAccountOverREST(t *testing.T) {
	t.Parallel()
	s := start(t)
	made := s.want(200, "POST", "/v1/accounts", `{"displayName": "payments", "paused": true, "aws": {"accountId": "100000000009"}}`)
	if made.json["name"] != "accounts/aws-100000000009" || at(made.json, "connection", "status") != "UNKNOWN" {
		t.Errorf("made %s", made.body)
	}
	if labels, ok := made.json["labels"].(map[string]any); !ok || len(labels) != 0 {
		t.Errorf("labels are %v, want an empty object", made.json["labels"])
	}
	again := s.want(409, "POST", "/v1/accounts", `{"aws": {"accountId": "100000000009"}}`)
	if at(again.json, "code") != float64(6) || at(again.json, "details", 0, "domain") != "rollcall.dev" {
		t.Errorf("a second one is answered with %s", again.body)
	}
	wrong := s.want(400, "POST", "/v1/accounts", `{"aws": {"accountId": "12"}}`)
	if at(wrong.json, "details", 1, "fieldViolations", 0, "field") != "account.aws.account_id" {
		t.Errorf("a short id is answered with %s", wrong.body)
	}

	// What the body has is changed, and nothing else.
	changed := s.want(200, "PATCH", "/v1/accounts/aws-100000000009", `{"displayName": "ledger"}`)
	if changed.json["displayName"] != "ledger" || changed.json["paused"] != true {
		t.Errorf("changed to %s", changed.body)
	}
	cleared := s.want(200, "PATCH", "/v1/accounts/aws-100000000009?updateMask=paused", `{"displayName": "not this"}`)
	if cleared.json["displayName"] != "ledger" || cleared.json["paused"] != false {
		t.Errorf("by a mask changed to %s", cleared.body)
	}
	etag := url.QueryEscape(changed.json["etag"].(string))
	s.want(409, "DELETE", "/v1/accounts/aws-100000000009?etag="+etag, "")
	gone := s.want(200, "DELETE", "/v1/accounts/aws-100000000009", "")
	if strings.TrimSpace(gone.body) != "{}" {
		t.Errorf("deleting answers %s", gone.body)
	}
	missing := s.want(404, "GET", "/v1/accounts/aws-100000000009", "")
	if at(missing.json, "details", 0, "reason") != "NOT_FOUND" {
		t.Errorf("a missing one is answered with %s", missing.body)
	}
}

func TestListsOverREST(t *testing.T) {
	t.Parallel()
	s := start(t)
	empty := s.want(200, "GET", "/v1/instances", "")
	for _, list := range []string{"instances", "unreachable"} {
		if got, ok := empty.json[list].([]any); !ok || len(got) != 0 {
			t.Errorf("%s of nothing is %v, want []", list, empty.json[list])
		}
	}
	account := s.account("100000000001", "data-platform")
	s.observed(account, "eu-west-1", fleet("eu-west-1", "web", 0, 120)...)
	s.unseen(account, "eu-south-1", "PERMISSION_DENIED", "AccessDenied")

	page := s.want(200, "GET", "/v1/instances?"+url.Values{
		"filter": {`labels.team = "data" AND displayName : "web"`}, "orderBy": {"display_name desc"}, "pageSize": {"50"},
	}.Encode(), "")
	if len(at(page.json, "instances").([]any)) != 50 || page.json["totalSize"] != float64(60) || page.json["nextPageToken"] == "" {
		t.Errorf("a page of %v of %v", len(at(page.json, "instances").([]any)), page.json["totalSize"])
	}
	if at(page.json, "instances", 0, "displayName") != "web-119" || at(page.json, "unreachable", 0) != "scopes/aws-100000000001~virtual-machine~eu-south-1" {
		t.Errorf("the page begins with %v, unreachable %v", at(page.json, "instances", 0), page.json["unreachable"])
	}
	if at(page.json, "instances", 0, "publicIps") == nil || at(page.json, "instances", 0, "goneTime") != nil {
		t.Errorf("an empty list is left out, or an unset time is there: %v", at(page.json, "instances", 0))
	}
	name := at(page.json, "instances", 0, "name").(string)
	if got := s.want(200, "GET", "/v1/"+name, ""); got.json["displayName"] != "web-119" {
		t.Errorf("got %s", got.body)
	}
	found := s.want(200, "GET", "/v1/instances:lookup?displayName=web-007", "")
	if found.json["providerId"] != "i-00000000000000006" {
		t.Errorf("found %s", found.body)
	}
	counts := s.want(200, "GET", "/v1/instances:aggregate?groupBy=account&groupBy=labels.team", "")
	if at(counts.json, "groups", 0, "count") != "60" {
		t.Errorf("counted %s", counts.body)
	}
	mistake := s.want(400, "GET", "/v1/instances?"+url.Values{"filter": {"state = RUNNIN"}}.Encode(), "")
	if at(mistake.json, "details", 0, "metadata", "column") != "9" || at(mistake.json, "details", 1, "fieldViolations", 0, "field") != "filter" {
		t.Errorf("a mistake is answered with %s", mistake.body)
	}
}

func TestAnswersArePackedForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.observed(s.account("100000000001", "data"), "eu-west-1", fleet("eu-west-1", "web", 0, 30)...)
	plain := s.call("GET", "/v1/instances", "", "Accept-Encoding", "identity")
	packed := s.call("GET", "/v1/instances", "", "Accept-Encoding", "gzip")
	if packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) >= len(plain.body)/2 {
		t.Errorf("%d bytes became %d, %v", len(plain.body), len(packed.body), packed.header)
	}
	reader, err := gzip.NewReader(strings.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	unpacked := map[string]any{}
	if err := json.NewDecoder(reader).Decode(&unpacked); err != nil || len(unpacked["instances"].([]any)) != 30 {
		t.Errorf("unpacked %v, %v", unpacked, err)
	}
}

// TestAStreamIsALineAMessage reads a whole sync: the simulated cloud is slow
// enough that the first line is there long before the last.
func TestAStreamIsALineAMessage(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.aws.Accounts()[0]
	s.want(200, "POST", "/v1/accounts", `{"displayName": "sim", "paused": true, "aws": {"accountId": "`+id+`"}}`)
	run := s.want(200, "POST", "/v1/accounts/aws-"+id+":sync", "")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.web+"/v1/"+run.json["name"].(string)+":watch", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("a stream of type %q", got)
	}
	var last map[string]any
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		last = nil
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil || last["syncRun"] == nil {
			t.Fatalf("a line %s: %v", lines.Text(), err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if at(last, "syncRun", "state") != "SUCCEEDED" || at(last, "syncRun", "instancesSeen") != "18" {
		t.Errorf("the last line is %v", last)
	}
	account := s.want(200, "GET", "/v1/accounts/aws-"+id, "")
	if at(account.json, "connection", "status") != "CONNECTED" {
		t.Errorf("after it the account is %s", account.body)
	}
	missing := s.want(404, "GET", "/v1/syncRuns/999999:watch", "")
	if missing.header.Get("Content-Type") != "application/json" || at(missing.json, "details", 0, "reason") != "NOT_FOUND" {
		t.Errorf("a run that is not there: %s", missing.body)
	}
}

func TestReadyzFollowsTheServices(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.await("ready", func() bool { return s.call("GET", "/readyz", "").status == 200 })
	s.inventoryProcess.stop()
	s.await("not ready", func() bool {
		r := s.call("GET", "/readyz", "")
		return r.status == 503 && at(r.json, "services", 1, "status") == "UNREACHABLE" && at(r.json, "services", 0, "status") == "SERVING"
	})
	away := s.want(503, "GET", "/v1/instances", "")
	if at(away.json, "details", 0, "metadata", "service") != "inventory" {
		t.Errorf("answered with %s", away.body)
	}
	s.want(200, "GET", "/v1/accounts", "")
	s.inventoryProcess.run()
	s.await("ready again", func() bool { return s.call("GET", "/readyz", "").status == 200 })
	s.want(200, "GET", "/v1/instances", "")
}

// await asks again and again until something holds.
func (s *stack) await(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			s.t.Fatalf("not in %v: %s", patience, what)
		case <-tick.C:
		}
	}
}
