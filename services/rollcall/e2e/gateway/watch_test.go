package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// observe reports a complete observation with virtual machines. It retries while the inventory is
// unavailable: a connection from before its restart may still fail.
func (s *stack) observe(fence int64, states map[string]inventoryv1.Instance_State) {
	s.t.Helper()
	s.await("observation applied", func() bool {
		err := s.tryObserve(fence, states)
		if err != nil && status.Code(err) != codes.Unavailable {
			s.t.Fatal(err)
		}
		return err == nil
	})
}

func (s *stack) tryObserve(fence int64, states map[string]inventoryv1.Instance_State) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	stream, err := s.ingest.ApplySnapshot(ctx, grpc.WaitForReady(true))
	if err != nil {
		return err
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
			break // Recv returns the cause
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	applied := false
	for {
		response, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && applied:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("the stream ended without a result")
		case err != nil:
			return err
		}
		applied = applied || response.GetResult() != nil
	}
}

// watch is a stream over HTTP.
type watch struct {
	t        *testing.T
	lines    *bufio.Scanner
	response *http.Response
	stop     func()
}

func (s *stack) follow(query url.Values, headers ...string) *watch {
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
	return &watch{t: s.t, lines: bufio.NewScanner(response.Body), response: response, stop: cancel}
}

// line returns the next line as JSON.
func (f *watch) line() map[string]any {
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

// event returns the next event.
func (f *watch) event() event {
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
			f.t.Fatalf("unexpected line %q", f.lines.Text())
		}
	}
	f.t.Fatalf("the stream ended: %v", f.lines.Err())
	return e
}

// TestWatch_Lines watches instances as lines: objects, and the error that ends the stream.
func TestWatch_Lines(t *testing.T) {
	t.Parallel()
	s := start(t)
	f := s.follow(url.Values{"filter": {`account = "accounts/aws-100000000001"`}})
	header := f.response.Header
	if header.Get("Content-Type") != "application/x-ndjson" || header.Get("Cache-Control") != "no-cache" || header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers %v", header)
	}
	first := f.line()
	if first["type"] != "HEARTBEAT" || first["resumeToken"] == "" || first["instance"] != nil {
		t.Errorf("the first line is %v", first)
	}
	s.observe(1, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_RUNNING})
	made := f.line()
	if made["type"] != "CREATED" || at(made, "instance", "providerId") != "i-1" || made["revision"] != "1" || made["result"] != nil {
		t.Errorf("line %v", made)
	}
	s.observe(2, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_STOPPED})
	changed := f.line()
	if changed["type"] != "CHANGED" || at(changed, "instance", "state") != "STOPPED" || at(changed, "changedFields", 0) != "state" {
		t.Errorf("line %v", changed)
	}
	again := s.follow(url.Values{"filter": {`account = "accounts/aws-100000000001"`}, "resumeToken": {made["resumeToken"].(string)}})
	if beat := again.line(); beat["resumeToken"] != made["resumeToken"] {
		t.Errorf("the first line after resuming is %v", beat)
	}
	if line := again.line(); fmt.Sprint(line) != fmt.Sprint(changed) {
		t.Errorf("resumed with %v, want %v", line, changed)
	}
	s.inventoryProcess.stop()
	last := f.line()
	if at(last, "error", "code") != float64(14) || at(last, "error", "details", 0, "reason") != "SHUTTING_DOWN" ||
		at(last, "error", "details", 0, "metadata", "resumeToken") != changed["resumeToken"] {
		t.Errorf("the last line is %v", last)
	}
	if f.lines.Scan() {
		t.Errorf("line after the end: %s", f.lines.Text())
	}
}

// TestWatch_ServerSentEvents watches like an EventSource: it connects to a URL, and reconnects to
// the same URL with the last event id.
func TestWatch_ServerSentEvents(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.observe(1, map[string]inventoryv1.Instance_State{"i-1": inventoryv1.Instance_RUNNING})
	address := url.Values{"includeExisting": {"true"}, "heartbeatInterval": {"0.1s"}}
	f := s.follow(address, "Accept", "text/event-stream")
	if got := f.response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	if e := f.event(); e.retry == "" || e.data != "" {
		t.Errorf("the first event is %+v", e)
	}
	there, listed := f.event(), f.event()
	if there.kind != "EXISTING" || there.id == "" || !strings.Contains(there.data, `"i-1"`) || listed.kind != "LISTED" {
		t.Errorf("%+v, %+v", there, listed)
	}
	beat := f.event()
	if beat.comment != "heartbeat" || beat.id == "" || beat.kind != "" || beat.data != "" {
		t.Errorf("heartbeat %+v", beat)
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
				t.Errorf("the last event is %+v", e)
			}
			break
		}
	}
}

// TestWatch_InvalidRequests checks that a watch that can't start fails like any other method, in
// both forms.
func TestWatch_InvalidRequests(t *testing.T) {
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
