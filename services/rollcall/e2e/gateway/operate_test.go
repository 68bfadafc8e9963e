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

// machine puts the simulated account with one running machine of its own on the
// roll, and answers the id that the cloud gave the machine.
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

// state is how the roll has an instance.
func (s *stack) state(providerID string) any {
	s.t.Helper()
	return s.want(200, "GET", "/v1/instances:lookup?providerId="+providerID, "").json["state"]
}

// An instance that no sync has seen is stopped over REST by its provider id: a
// plan does nothing, the operation ends, the roll shows it and the audit has it.
func TestAStopOverREST(t *testing.T) {
	t.Parallel()
	s := start(t)
	machine := s.machine()
	path := "/v1/instances/" + machine + ":stop"
	plan := s.want(200, "POST", path, `{"validateOnly": true}`)
	if plan.json["done"] != true || at(plan.json, "metadata", "state") != "ENDED" || s.state(machine) != "RUNNING" {
		t.Errorf("the plan is %s, and the roll has it %v", plan.body, s.state(machine))
	}
	wrong := s.want(400, "POST", path, `{"reason": "a\u0000b"}`)
	if at(wrong.json, "details", 0, "reason") != "INVALID_FIELD" {
		t.Errorf("a NUL is answered with %s", wrong.body)
	}
	asked := s.call("POST", path, `{"reason": "night"}`, "X-Forwarded-User", "dörte@example.com")
	if asked.status != 200 {
		t.Fatalf("HTTP %d %s", asked.status, asked.body)
	}
	name, _ := asked.json["name"].(string)
	ended := s.want(200, "POST", "/v1/"+name+":wait", `{"timeout": "25s"}`)
	if ended.json["done"] != true || at(ended.json, "response", "target", "state") != "SUCCEEDED" {
		t.Errorf("it ended as %s", ended.body)
	}
	if got := s.state(machine); got != "STOPPED" {
		t.Errorf("the operation has ended, and the roll says %v", got)
	}
	entries := s.want(200, "GET", "/v1/auditEntries?"+url.Values{"filter": {`operation = "` + name + `"`}}.Encode(), "")
	for n, event := range []string{"ENDED", "CALLED", "REQUESTED"} {
		entry := at(entries.json, "auditEntries", n)
		if at(entry, "event") != event || at(entry, "reason") != "night" || at(entry, "requester", "user") != "dörte@example.com" {
			t.Errorf("entry %d is %v, want %s", n, entry, event)
		}
	}
}

// The same from the command line, for programs: one document on the standard
// output, and an exit code that tells whether all is as wanted.
func TestAStopFromTheCommandLine(t *testing.T) {
	t.Parallel()
	s := start(t)
	machine := s.machine()
	run := func(args ...string) (code int, said map[string]any, errors string) {
		t.Helper()
		var out, err bytes.Buffer
		code = cli.Run(t.Context(), "v0-test", append(args, "--server", s.frontAddr), cli.Streams{In: new(bytes.Buffer), Out: &out, Err: &err})
		if out.Len() > 0 {
			if err := json.Unmarshal(out.Bytes(), &said); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
		}
		return code, said, err.String()
	}
	if code, said, errors := run("instances", "stop", machine, "-o", "json"); code != 1 || said != nil || !strings.Contains(errors, "--yes") {
		t.Errorf("nobody was asked: exit %d, %v, %s", code, said, errors)
	}
	code, said, errors := run("instances", "stop", machine, "--yes", "-o", "json", "--reason", "night")
	if code != 0 || said["done"] != true || at(said, "response", "targets", 0, "state") != "SUCCEEDED" || at(said, "metadata", "reason") != "night" {
		t.Errorf("exit %d, %v, %s", code, said, errors)
	}
	if got := s.state(machine); got != "STOPPED" {
		t.Errorf("the roll says %v", got)
	}
	if code, said, _ := run("instances", "stop", machine, "i-0123456789abcdef0", "--yes", "-o", "json"); code != 1 ||
		at(said, "response", "progress", "already") != float64(1) || at(said, "response", "progress", "failed") != float64(1) {
		t.Errorf("one so already and one that is nowhere: exit %d, %v", code, said)
	}
}
