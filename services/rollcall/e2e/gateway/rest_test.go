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

// reply is a response with its JSON body.
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
	_ = json.Unmarshal(content, &r.json) // Pages are not JSON.
	return r
}

// want sends a request and fails the test if the HTTP status is not status.
func (s *stack) want(status int, method, path, body string) reply {
	s.t.Helper()
	r := s.call(method, path, body)
	if r.status != status {
		s.t.Fatalf("%s %s: HTTP %d, want %d: %s", method, path, r.status, status, r.body)
	}
	return r
}

// at returns the JSON value at a path of keys and indexes.
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

func TestREST_AccountLifecycle(t *testing.T) {
	t.Parallel()
	s := start(t)
	made := s.want(200, "POST", "/v1/accounts", `{"displayName": "payments", "paused": true, "aws": {"accountId": "100000000009"}}`)
	if made.json["name"] != "accounts/aws-100000000009" || at(made.json, "connection", "status") != "UNKNOWN" {
		t.Errorf("created %s", made.body)
	}
	if labels, ok := made.json["labels"].(map[string]any); !ok || len(labels) != 0 {
		t.Errorf("labels are %v, want an empty object", made.json["labels"])
	}
	again := s.want(409, "POST", "/v1/accounts", `{"aws": {"accountId": "100000000009"}}`)
	if at(again.json, "code") != float64(6) || at(again.json, "details", 0, "domain") != "rollcall.dev" {
		t.Errorf("second account with the same id: %s", again.body)
	}
	wrong := s.want(400, "POST", "/v1/accounts", `{"aws": {"accountId": "12"}}`)
	if at(wrong.json, "details", 1, "fieldViolations", 0, "field") != "account.aws.account_id" {
		t.Errorf("invalid account id: %s", wrong.body)
	}

	// Only the fields in the body change.
	changed := s.want(200, "PATCH", "/v1/accounts/aws-100000000009", `{"displayName": "billing"}`)
	if changed.json["displayName"] != "billing" || changed.json["paused"] != true {
		t.Errorf("changed to %s", changed.body)
	}
	cleared := s.want(200, "PATCH", "/v1/accounts/aws-100000000009?updateMask=paused", `{"displayName": "not this"}`)
	if cleared.json["displayName"] != "billing" || cleared.json["paused"] != false {
		t.Errorf("with a mask, changed to %s", cleared.body)
	}
	etag := url.QueryEscape(changed.json["etag"].(string))
	s.want(409, "DELETE", "/v1/accounts/aws-100000000009?etag="+etag, "")
	gone := s.want(200, "DELETE", "/v1/accounts/aws-100000000009", "")
	if strings.TrimSpace(gone.body) != "{}" {
		t.Errorf("delete returned %s", gone.body)
	}
	missing := s.want(404, "GET", "/v1/accounts/aws-100000000009", "")
	if at(missing.json, "details", 0, "reason") != "NOT_FOUND" {
		t.Errorf("unknown account: %s", missing.body)
	}
}

func TestREST_Lists(t *testing.T) {
	t.Parallel()
	s := start(t)
	empty := s.want(200, "GET", "/v1/instances", "")
	for _, list := range []string{"instances", "unreachable"} {
		if got, ok := empty.json[list].([]any); !ok || len(got) != 0 {
			t.Errorf("%s is %v, want []", list, empty.json[list])
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
		t.Errorf("an empty list is missing, or an unset time is present: %v", at(page.json, "instances", 0))
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
		t.Errorf("invalid filter: %s", mistake.body)
	}
}

func TestREST_Compression(t *testing.T) {
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

// TestREST_StreamIsOneMessagePerLine watches a whole sync.
func TestREST_StreamIsOneMessagePerLine(t *testing.T) {
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
		t.Errorf("content type %q", got)
	}
	var last map[string]any
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		last = nil
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil || last["syncRun"] == nil {
			t.Fatalf("line %s: %v", lines.Text(), err)
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
		t.Errorf("after the sync, the account is %s", account.body)
	}
	missing := s.want(404, "GET", "/v1/syncRuns/999999:watch", "")
	if missing.header.Get("Content-Type") != "application/json" || at(missing.json, "details", 0, "reason") != "NOT_FOUND" {
		t.Errorf("unknown run: %s", missing.body)
	}
}

func TestHealth_Readyz(t *testing.T) {
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
		t.Errorf("during the outage: %s", away.body)
	}
	s.want(200, "GET", "/v1/accounts", "")
	s.inventoryProcess.run()
	s.await("ready again", func() bool { return s.call("GET", "/readyz", "").status == 200 })
	s.want(200, "GET", "/v1/instances", "")
}

// await polls until a condition holds.
func (s *stack) await(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			s.t.Fatalf("not within %v: %s", patience, what)
		case <-tick.C:
		}
	}
}
