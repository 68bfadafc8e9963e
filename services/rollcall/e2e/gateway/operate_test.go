package gateway_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/rollcall/cli"
)

// machine launches a machine in the simulated account, adds the account and returns the id of the
// machine in the cloud.
func (s *stack) machine() string {
	s.t.Helper()
	id := s.aws.Accounts()[0]
	launched, err := s.aws.Launch(id, "eu-west-1", simaws.InstanceSpec{Count: 1, Type: "m6i.large", Image: "ami-1"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.want(200, "POST", "/v1/accounts", `{"displayName": "sim", "paused": true, "aws": {"accountId": "`+id+`"}}`)
	return launched[0].ID
}

// state returns the state of an instance in the inventory.
func (s *stack) state(providerID string) any {
	s.t.Helper()
	return s.want(200, "GET", "/v1/instances:lookup?providerId="+providerID, "").json["state"]
}

// TestStop_REST stops an instance that no sync has seen by its provider id, after a dry run, and
// checks the operation, the inventory and the audit log.
func TestStop_REST(t *testing.T) {
	t.Parallel()
	s := start(t)
	machine := s.machine()
	path := "/v1/instances/" + machine + ":stop"
	plan := s.want(200, "POST", path, `{"validateOnly": true}`)
	if plan.json["done"] != true || at(plan.json, "metadata", "state") != "ENDED" || s.state(machine) != "RUNNING" {
		t.Errorf("the plan is %s, and the state %v", plan.body, s.state(machine))
	}
	wrong := s.want(400, "POST", path, `{"reason": "a\u0000b"}`)
	if at(wrong.json, "details", 0, "reason") != "INVALID_FIELD" {
		t.Errorf("reason with a NUL: %s", wrong.body)
	}
	asked := s.call("POST", path, `{"reason": "night"}`, "X-Forwarded-User", "dörte@example.com")
	if asked.status != 200 {
		t.Fatalf("HTTP %d %s", asked.status, asked.body)
	}
	name, _ := asked.json["name"].(string)
	var ended reply
	s.await("operation ended", func() bool {
		ended = s.want(200, "POST", "/v1/"+name+":wait", `{"timeout": "25s"}`)
		return ended.json["done"] == true
	})
	if at(ended.json, "response", "target", "state") != "SUCCEEDED" {
		t.Errorf("the operation ended as %s", ended.body)
	}
	if got := s.state(machine); got != "STOPPED" {
		t.Errorf("the state after the operation is %v", got)
	}
	entries := s.want(200, "GET", "/v1/auditEntries?"+url.Values{"filter": {`operation = "` + name + `"`}}.Encode(), "")
	for n, event := range []string{"ENDED", "CALLED", "REQUESTED"} {
		entry := at(entries.json, "auditEntries", n)
		if at(entry, "event") != event || at(entry, "reason") != "night" || at(entry, "requester", "user") != "dörte@example.com" {
			t.Errorf("entry %d is %v, want %s", n, entry, event)
		}
	}
}

// TestStop_CommandLine stops an instance from the command line, and checks the document on standard
// output and the exit code.
func TestStop_CommandLine(t *testing.T) {
	t.Parallel()
	s := start(t)
	machine := s.machine()
	run := func(args ...string) (code int, document map[string]any, errors string) {
		t.Helper()
		var out, err bytes.Buffer
		code = cli.Run(t.Context(), "v0-test", append(args, "--server", s.frontAddr), cli.Streams{In: new(bytes.Buffer), Out: &out, Err: &err})
		if out.Len() > 0 {
			if err := json.Unmarshal(out.Bytes(), &document); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
		}
		return code, document, err.String()
	}
	if code, document, errors := run("instances", "stop", machine, "-o", "json"); code != 1 || document != nil || !strings.Contains(errors, "--yes") {
		t.Errorf("without --yes: exit %d, %v, %s", code, document, errors)
	}
	code, document, errors := run("instances", "stop", machine, "--yes", "-o", "json", "--reason", "night")
	if code != 0 || document["done"] != true || at(document, "response", "targets", 0, "state") != "SUCCEEDED" || at(document, "metadata", "reason") != "night" {
		t.Errorf("exit %d, %v, %s", code, document, errors)
	}
	if got := s.state(machine); got != "STOPPED" {
		t.Errorf("the state is %v", got)
	}
	if code, document, _ := run("instances", "stop", machine, "i-0123456789abcdef0", "--yes", "-o", "json"); code != 1 ||
		at(document, "response", "progress", "already") != float64(1) || at(document, "response", "progress", "failed") != float64(1) {
		t.Errorf("one stopped and one unknown instance: exit %d, %v", code, document)
	}
}
