package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestExport_REST checks that an export is one object a line, the last of which has the number of
// instances, and that an export that can't start fails like any other call.
func TestExport_REST(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.account("100000000001", "data-platform")
	s.observed(account, "us-east-1", machine("us-east-1", "web-001", 1), machine("us-east-1", "web-002", 2))
	s.unseen(account, "eu-west-1", "THROTTLED", "Rate exceeded.")
	all := s.want(http.StatusOK, "GET", "/v1/instances:export", "")
	var names []string
	var first, last any
	for n, line := range strings.Split(strings.TrimSpace(all.body), "\n") {
		var message any
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			t.Fatalf("line %d: %v: %s", n, err, line)
		}
		if last = message; n == 0 {
			first = last
		}
		instances, _ := at(last, "instances").([]any)
		for _, i := range instances {
			names = append(names, at(i, "displayName").(string))
		}
	}
	if len(names) != 2 || at(last, "instanceCount") != "2" {
		t.Errorf("exported %v: %s", names, all.body)
	}
	if at(first, "unreachable", 0) != "scopes/aws-100000000001~virtual-machine~eu-west-1" {
		t.Errorf("the first line is %v", first)
	}
	wrong := s.want(http.StatusBadRequest, "GET", "/v1/instances:export?filter=colour%3Dred", "")
	if at(wrong.json, "code") != 3.0 {
		t.Errorf("invalid filter: %s", wrong.body)
	}
}
