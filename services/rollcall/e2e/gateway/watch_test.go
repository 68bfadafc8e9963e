package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// observe puts virtual machines on the roll, in place of those of before.
func (s *stack) observe(fence int64, states map[string]inventoryv1.Instance_State) {
	s.t.Helper()
	stream, err := s.ingest.ApplySnapshot(s.t.Context(), grpc.WaitForReady(true))
	if err != nil {
		s.t.Fatal(err)
	}
	messages := []*inventoryv1.ApplySnapshotRequest{
		{Message: &inventoryv1.ApplySnapshotRequest_Start{Start: &inventoryv1.SnapshotStart{
			Account: "accounts/aws-100000000001", Provider: commonv1.Provider_AWS, Kind: commonv1.Kind_VIRTUAL_MACHINE,
			Location: "eu-west-1", FencingToken: fence, ObserveTime: timestamppb.New(time.Unix(1_770_000_000+fence, 0)),
		}}},
	}
	for id, state := range states {
		messages = append(messages, &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Instances{
			Instances: &inventoryv1.SnapshotInstances{Instances: []*inventoryv1.Instance{{
				ProviderId: id, DisplayName: id, State: state, Location: &commonv1.Location{Region: "eu-west-1"},
			}}}}})
	}
	messages = append(messages, &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Complete{
		Complete: &inventoryv1.SnapshotComplete{InstanceCount: int64(len(states))}}})
	for _, message := range messages {
		if err := stream.Send(message); err != nil {
			break // the answer has the reason
		}
	}
	if err := stream.CloseSend(); err != nil {
		s.t.Fatal(err)
	}
	for {
		if _, err := stream.Recv(); err != nil {
			break
		}
	}
}

// following is a stream over HTTP.
type following struct {
	t        *testing.T
	lines    *bufio.Scanner
	response *http.Response
	stop     func()
}

func (s *stack) follow(query url.Values, headers ...string) *following {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	s.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.web+"/v1/instances:watch?"+query.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	response, err := s.http.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return &following{t: s.t, lines: bufio.NewScanner(response.Body), response: response, stop: cancel}
}

// line is the next line as JSON.
func (f *following) line() map[string]any {
	f.t.Helper()
	if !f.lines.Scan() {
		f.t.Fatalf("the stream ended: %v", f.lines.Err())
	}
	var line map[string]any
	if err := json.Unmarshal(f.lines.Bytes(), &line); err != nil {
		f.t.Fatalf("%s: %v", f.lines.Text(), err)
	}
	return line
}

// event is a server-sent event, or a comment.
type event struct{ comment, id, kind, data, retry string }

// event is the next one.
func (f *following) event() event {
	f.t.Helper()
	var e event
	for f.lines.Scan() {
		name, value, _ := strings.Cut(f.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			if f.lines.Text() == "" {
				return e
			}
			e.comment = value
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "retry":
			e.retry = value
		default:
			f.t.Fatalf("a line %q", f.lines.Text())
		}
	}
	f.t.Fatalf("the stream ended: %v", f.lines.Err())
	return e
}

// TestAWatchIsALineAnEvent follows the roll by lines: bare objects, also the
// error that ends them.
func TestAWatchIsALineAnEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	f := s.follow(url.Values{"filter": {`account = "accounts/aws-100000000001"`}})
	header := f.response.Header
	if header.Get("Content-Type") != "application/x-ndjson" || header.Get("Cache-Control") != "no-cache" || header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers %v", header)
	}
	first := f.line()
	if first["type"] != "HEARTBEAT" || first["resumeToken"] == "" || first["instance"] != nil {
		t.Errorf("begins with %v", first)
	}
	s.observe(1, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_RUNNING})
	made := f.line()
	if made["type"] != "CREATED" || at(made, "instance", "providerId") != "i-1" || made["revision"] != "1" || made["result"] != nil {
		t.Errorf("a line %v", made)
	}
	s.observe(2, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_STOPPED})
	changed := f.line()
	if changed["type"] != "CHANGED" || at(changed, "instance", "state") != "STOPPED" || at(changed, "changedFields", 0) != "state" {
		t.Errorf("a line %v", changed)
	}
	again := s.follow(url.Values{"filter": {`account = "accounts/aws-100000000001"`}, "resumeToken": {made["resumeToken"].(string)}})
	if beat := again.line(); beat["resumeToken"] != made["resumeToken"] {
		t.Errorf("resumes with %v", beat)
	}
	if line := again.line(); fmt.Sprint(line) != fmt.Sprint(changed) {
		t.Errorf("resumed with %v, want %v", line, changed)
	}
	s.inventoryProcess.stop()
	last := f.line()
	if at(last, "error", "code") != float64(14) || at(last, "error", "details", 0, "reason") != "SHUTTING_DOWN" ||
		at(last, "error", "details", 0, "metadata", "resumeToken") != changed["resumeToken"] {
		t.Errorf("ends with %v", last)
	}
	if f.lines.Scan() {
		t.Errorf("after the end comes %s", f.lines.Text())
	}
}

// TestAWatchAsServerSentEvents is what an EventSource does: it begins at an
// address, and comes back to it with the id that it had last.
func TestAWatchAsServerSentEvents(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.observe(1, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_RUNNING})
	address := url.Values{"includeExisting": {"true"}, "heartbeatInterval": {"0.1s"}}
	f := s.follow(address, "Accept", "text/event-stream")
	if got := f.response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("a stream of type %q", got)
	}
	if e := f.event(); e.retry == "" || e.data != "" {
		t.Errorf("begins with %+v", e)
	}
	there, listed := f.event(), f.event()
	if there.kind != "EXISTING" || there.id == "" || !strings.Contains(there.data, `"i-1"`) || listed.kind != "LISTED" {
		t.Errorf("%+v, %+v", there, listed)
	}
	beat := f.event()
	if beat.comment != "heartbeat" || beat.id == "" || beat.kind != "" || beat.data != "" {
		t.Errorf("a heartbeat %+v", beat)
	}
	f.stop()
	s.observe(2, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_RUNNING, "i-2": inventoryv1.Instance_RUNNING})
	again := s.follow(address, "Accept", "text/event-stream", "Last-Event-ID", beat.id)
	for {
		e := again.event()
		if e.kind == "" {
			continue
		}
		var data map[string]any
		if err := json.Unmarshal([]byte(e.data), &data); err != nil || e.kind != "CREATED" || data["resumeToken"] != e.id ||
			at(data, "instance", "providerId") != "i-2" {
			t.Errorf("%+v, %v", e, err)
		}
		break
	}
	byParameter := s.follow(url.Values{"lastEventId": {there.id}, "includeExisting": {"true"}}, "Accept", "text/event-stream, */*")
	byParameter.event()
	if e := byParameter.event(); e.kind != "LISTED" || e.id != listed.id {
		t.Errorf("resumed with %+v", e)
	}
	s.inventoryProcess.stop()
	for {
		e := again.event()
		if e.kind == "error" {
			if !strings.Contains(e.data, "SHUTTING_DOWN") || e.data[0] != '{' {
				t.Errorf("ends with %+v", e)
			}
			break
		}
	}
}

// A watch that can't begin is answered as any other method, in both forms.
func TestAWatchThatCanNotBegin(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, accept := range []string{"*/*", "text/event-stream"} {
		for path, want := range map[string]string{
			"?filter=stat%20%3D%20RUNNING": "filter", "?resumeToken=x": "resume_token", "?lastEventId=x": "resume_token",
			"?nothing=1": "nothing",
		} {
			r := s.call("GET", "/v1/instances:watch"+path, "", "Accept", accept)
			if r.status != 400 || r.header.Get("Content-Type") != "application/json" || !strings.Contains(r.body, want) || r.json == nil {
				t.Errorf("%s of %s: HTTP %d %s: %s", path, accept, r.status, r.header.Get("Content-Type"), r.body)
			}
		}
	}
	if r := s.call("GET", "/v1/instances", "", "Accept", "text/event-stream"); r.json == nil {
		t.Errorf("a list is %s", r.body)
	}
}
