package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

var update = flag.Bool("update", false, "update the golden files")

// started runs `rollcall up` with the first account of a world, which it syncs only on request.
func started(t *testing.T) (*rollcall, *world) {
	t.Helper()
	w := newWorld(t)
	env := w.env()
	env["ROLLCALL_SYNC_INTERVAL"] = "24h"
	r := up(t, t.TempDir(), env)
	connected(t, r.http, 1)
	return r, w
}

// TestClient runs the commands of the client in a typical order and compares their output with the
// golden files in testdata/client. To update them, run go test -run TestClient -update.
func TestClient(t *testing.T) {
	t.Parallel()
	r, w := started(t)
	role := simaws.RoleARN("200000000002", "rollcall")
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"accounts", []string{"accounts"}, 0},
		{"accounts-get", []string{"accounts", "get", "accounts/aws-200000000001"}, 0},
		{"accounts-get-unknown", []string{"accounts", "get", "aws-300000000001"}, 1},
		{"accounts-filter-nothing", []string{"accounts", "list", "--filter", "paused = true"}, 0},
		{"accounts-create", []string{"accounts", "create", "aws", "200000000002", "--role-arn", role, "--display-name", "second", "--label", "env=prod", "--paused"}, 0},
		{"accounts-create-twice", []string{"accounts", "create", "aws", "200000000002", "--role-arn", role}, 1},
		{"accounts-create-no-id", []string{"accounts", "create", "aws", "12345"}, 1},
		{"accounts-create-external-id-alone", []string{"accounts", "create", "aws", "200000000003", "--external-id", "x"}, 1},
		{"accounts-create-no-secret", []string{"accounts", "create", "aws", "200000000003", "--access-key-id", "AKIAIOSFODNN7EXAMPLE"}, 1},
		{"accounts-create-gcp", []string{"accounts", "create", "gcp", "some-project", "--impersonate", "rollcall@some-project.iam.gserviceaccount.com", "--paused"}, 0},
		{"accounts-get-gcp", []string{"accounts", "get", "gcp-some-project"}, 0},
		{"accounts-update-gcp", []string{"accounts", "update", "gcp-some-project", "--external-id", "x"}, 1},
		{"accounts-delete-gcp", []string{"accounts", "delete", "gcp-some-project", "--yes"}, 0},
		{"setup-guide", []string{"accounts", "setup-guide", "aws-200000000002", "--principal", "arn:aws:iam::200000000001:role/rollcall"}, 0},
		{"setup-guide-tool", []string{"accounts", "setup-guide", "aws-200000000002", "--tool", "aws-cli"}, 0},
		{"setup-guide-no-tool", []string{"accounts", "setup-guide", "aws-200000000002", "--tool", "gcloud"}, 1},
		{"verify", []string{"accounts", "verify", "aws-200000000002"}, 0},
		{"verify-unknown", []string{"accounts", "verify", "aws-300000000001"}, 1},
		{"keys-rotate", []string{"keys", "rotate"}, 0},
		{"sync", []string{"sync", "aws-200000000002", "aws-200000000001"}, 0},
		{"sync-unknown", []string{"sync", "aws-300000000001"}, 1},
		{"sync-nothing", []string{"sync"}, 1},
		{"instances", []string{"instances"}, 0},
		{"instances-wide", []string{"instances", "list", "--wide", "--limit", "3", "--order-by", "display_name"}, 0},
		{"instances-filter", []string{"instances", "list", "-f", `kind = DATABASE AND location.region = "eu-west-1"`, "--order-by", "display_name desc"}, 0},
		{"instances-filter-nothing", []string{"instances", "list", "-f", `display_name = "no such thing"`}, 0},
		{"instances-filter-wrong", []string{"instances", "list", "-f", "colour = red"}, 1},
		{"instances-order-wrong", []string{"instances", "list", "--order-by", "colour"}, 1},
		{"instances-too-stale", []string{"instances", "list", "--max-staleness", "1ns"}, 1},
		{"instances-count", []string{"instances", "count"}, 0},
		{"instances-count-by", []string{"instances", "count", "location.region", "kind", "--filter", `account = "accounts/aws-200000000002"`}, 0},
		{"instances-lookup-unknown", []string{"instances", "lookup", "i-0123456789abcdef0"}, 1},
		{"instances-as-of-no-time", []string{"instances", "list", "--as-of", "yesterday"}, 2},
		{"instances-history-unknown", []string{"instances", "history", "00000000-0000-0000-0000-000000000000"}, 1},
		{"instances-get", []string{"instances", "get", "instances/f9baed40-133e-5a84-95f5-50629fcc08a0"}, 0},
		{"instances-lookup-database", []string{"instances", "lookup", "db-ICPWBA57F4IYMJNAB3GNF5QDS5"}, 0},
		{"instances-history", []string{"instances", "history", "f9baed40-133e-5a84-95f5-50629fcc08a0"}, 0},
		{"instances-stop-asks", []string{"instances", "stop", "i-02cc1a0db6336c63a"}, 1},
		{"instances-stop-dry-run", []string{"instances", "stop", "i-02cc1a0db6336c63a", "--dry-run", "--reason", "night"}, 0},
		{"operations", []string{"operations"}, 0},
		{"operations-get-unknown", []string{"operations", "get", "01a20a7a-24e7-72ec-b523-ae20f5fb9b0c"}, 1},
		{"audit", []string{"audit"}, 0},
		{"scopes", []string{"scopes"}, 0},
		{"scopes-confirm-asks", []string{"scopes", "confirm", "aws-200000000002~database~eu-west-1"}, 1},
		{"scopes-confirm-not-held", []string{"scopes", "confirm", "aws-200000000002~database~eu-west-1", "--yes"}, 1},
		{"scopes-failed", []string{"scopes", "--failed"}, 0},
		{"runs-get-unknown", []string{"runs", "get", "01a20a7a-24e7-72ec-b523-ae20f5fb9b0c"}, 1},
		{"accounts-update", []string{"accounts", "update", "aws-200000000002", "--display-name", "two", "--label", "team=data", "--remove-label", "env", "--no-paused"}, 0},
		{"accounts-update-nothing", []string{"accounts", "update", "aws-200000000002"}, 1},
		{"accounts-update-late", []string{"accounts", "update", "aws-200000000002", "--paused", "--etag", "old"}, 1},
		{"accounts-delete-asks", []string{"accounts", "delete", "aws-200000000002"}, 1},
		{"accounts-delete", []string{"accounts", "delete", "aws-200000000002", "--yes"}, 0},
	} {
		got := r.run(t, c.args...)
		if got.code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", c.name, got.code, c.code, got.out, got.stderr)
		}
		golden(t, c.name, c.args, got)
	}
	checkExport(t, r)
	checkHistory(t, r)
	checkFailures(t, r, w)
	r.stop(t)
}

// checkExport exports all instances and some of them.
func checkExport(t *testing.T, r *rollcall) {
	t.Helper()
	var listed, exported []string
	for args, lines := range map[string]*[]string{"list -o ndjson": &listed, "export": &exported} {
		got := r.run(t, append([]string{"instances"}, strings.Fields(args)...)...)
		*lines = strings.Split(got.out, "\n")
		slices.Sort(*lines)
		if got.code != 0 || !strings.Contains(got.stderr, fmt.Sprint(len(*lines)-1, " instances, as of")) {
			t.Errorf("%s: exit code %d, %d lines: %s", args, got.code, len(*lines), got.stderr)
		}
	}
	if len(listed) < 2 || !slices.Equal(listed, exported) {
		t.Errorf("%d lines are listed, %d exported", len(listed), len(exported))
	}
	if got := r.run(t, "instances", "export", "--filter", "colour = red"); got.code != 1 || !strings.Contains(got.stderr, "colour") {
		t.Errorf("invalid filter: exit code %d: %s", got.code, got.stderr)
	}
	if got := r.run(t, "instances", "export", "--filter", "state = FAILED"); got.code != 0 || got.out != "" || !strings.Contains(got.stderr, "0 instances") {
		t.Errorf("no instances: exit code %d: %s%s", got.code, got.out, got.stderr)
	}
}

// checkHistory reads the history of an instance and the inventory as of past times.
func checkHistory(t *testing.T, r *rollcall) {
	t.Helper()
	var now, then struct {
		Instances []struct{ Name string }
		TotalSize int
	}
	for at, list := range map[string]any{"": &now, "0s": &then} {
		args := []string{"instances", "list", "-o", "json"}
		if at != "" {
			args = append(args, "--as-of", at)
		}
		if err := json.Unmarshal([]byte(r.run(t, args...).out), list); err != nil {
			t.Fatal(err)
		}
	}
	if now.TotalSize == 0 || then.TotalSize != now.TotalSize {
		t.Fatalf("%d instances, and %d as of now", now.TotalSize, then.TotalSize)
	}
	name := now.Instances[0].Name
	if got := r.run(t, "instances", "history", name); got.code != 0 || !strings.Contains(got.out, "CREATED") || !strings.Contains(got.stderr, "1 change; history is recorded since") {
		t.Errorf("history: exit code %d:\n%s%s", got.code, got.out, got.stderr)
	}
	var history struct {
		Changes          []struct{ Type, Instance string }
		HistoryStartTime string
	}
	if err := json.Unmarshal([]byte(r.run(t, "instances", "history", name, "-o", "json").out), &history); err != nil || len(history.Changes) != 1 ||
		history.Changes[0].Instance != name || history.HistoryStartTime == "" {
		t.Errorf("history as JSON: %+v, %v", history, err)
	}
	if got := r.run(t, "instances", "get", name, "--as-of", "2020-01-01"); got.code != 1 || !strings.Contains(got.stderr, "HISTORY_EXPIRED") {
		t.Errorf("before the history: exit code %d: %s", got.code, got.stderr)
	}
	if got := r.run(t, "instances", "count", "--as-of", "0s"); got.code != 0 || !strings.Contains(got.stderr, fmt.Sprint(now.TotalSize)) {
		t.Errorf("counts as of now: exit code %d:\n%s%s", got.code, got.out, got.stderr)
	}
}

// checkFailures makes a region fail and checks the output of the client.
func checkFailures(t *testing.T, r *rollcall, w *world) {
	t.Helper()
	repair := w.Inject(cloudsim.Fault{
		Kind: cloudsim.AccessDenied, Call: cloudsim.Call{Account: w.account, Region: "us-east-1", Service: "rds"},
	})
	got := r.run(t, "sync", "aws-"+w.account)
	if got.code != 1 {
		t.Errorf("partly failed sync: exit code %d", got.code)
	}
	golden(t, "degraded-sync", []string{"sync", "aws-" + w.account}, got)
	for name, args := range map[string][]string{
		"degraded-accounts":  {"accounts", "get", "aws-" + w.account},
		"degraded-instances": {"instances", "list", "--limit", "2", "-f", "kind = DATABASE"},
		"degraded-scopes":    {"scopes", "--failed"},
		"degraded-nothing":   {"instances", "list", "-f", `kind = DATABASE AND display_name = "no such thing"`},
		"degraded-runs":      {"runs", "list", "--limit", "1", "--account", "aws-" + w.account},
	} {
		golden(t, name, args, r.run(t, args...))
	}
	repair()
	if got := r.run(t, "sync", "--all"); got.code != 0 {
		t.Errorf("sync after the fault was removed: exit code %d\n%s%s", got.code, got.out, got.stderr)
	}
}

// TestFormats checks that all output formats have the same instances.
func TestFormats(t *testing.T) {
	t.Parallel()
	r, _ := started(t)
	type list struct {
		Instances []map[string]any
		TotalSize int `yaml:"totalSize"`
		Freshness struct {
			OldestObserveTime string `yaml:"oldestObserveTime"`
		}
		Unreachable []string
	}
	var fromJSON, fromYAML list
	if err := json.Unmarshal([]byte(r.run(t, "instances", "list", "-o", "json").out), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(r.run(t, "instances", "list", "-o", "yaml").out), &fromYAML); err != nil {
		t.Fatal(err)
	}
	const want = 18 // six machines and three databases in each of two regions
	if len(fromJSON.Instances) != want || fromJSON.TotalSize != want || fromJSON.Freshness.OldestObserveTime == "" {
		t.Errorf("JSON: %d instances of %d, as of %q", len(fromJSON.Instances), fromJSON.TotalSize, fromJSON.Freshness.OldestObserveTime)
	}
	decoder := json.NewDecoder(strings.NewReader(r.run(t, "instances", "list", "-o", "ndjson").out))
	for i, instance := range fromJSON.Instances {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(line) != fmt.Sprint(instance) {
			t.Errorf("line %d is %v, want %v", i, line, instance)
		}
		if fmt.Sprint(fromYAML.Instances[i]["labels"]) != fmt.Sprint(instance["labels"]) || fromYAML.Instances[i]["name"] != instance["name"] {
			t.Errorf("item %d in YAML is %v, want %v", i, fromYAML.Instances[i], instance)
		}
	}
	if limited := r.run(t, "instances", "list", "-o", "ndjson", "--limit", "5"); strings.Count(limited.out, "\n") != 5 {
		t.Errorf("--limit 5 printed\n%s", limited.out)
	}

	one := fromJSON.Instances[0]
	name := one["name"].(string)
	for _, args := range [][]string{
		{"instances", "get", name}, {"instances", "get", strings.TrimPrefix(name, "instances/")},
		{"instances", "lookup", one["providerId"].(string)}, {"instances", "lookup", one["providerUri"].(string)},
		{"instances", "lookup", one["displayName"].(string)}, {"instances", "lookup", "--by", "provider-id", one["providerId"].(string), "--account", one["account"].(string)},
	} {
		var found map[string]any
		got := r.run(t, append(args, "-o", "json")...)
		if err := json.Unmarshal([]byte(got.out), &found); err != nil || found["name"] != name {
			t.Errorf("rollcall %s: %v\n%s%s", strings.Join(args, " "), err, got.out, got.stderr)
		}
	}
	for _, args := range [][]string{
		{"accounts"}, {"accounts", "get", one["account"].(string)}, {"scopes"}, {"runs"}, {"instances", "count", "state"}, {"sync", one["account"].(string)},
	} {
		for _, f := range []string{"json", "ndjson", "yaml"} {
			got := r.run(t, append(args, "-o", f)...)
			var err error
			switch f {
			case "yaml":
				err = yaml.Unmarshal([]byte(got.out), new(any))
			default:
				for decoder := json.NewDecoder(strings.NewReader(got.out)); decoder.More() && err == nil; {
					err = decoder.Decode(new(any))
				}
			}
			if err != nil || got.code != 0 || got.out == "" {
				t.Errorf("rollcall %s -o %s: exit %d, %v\n%s%s", strings.Join(args, " "), f, got.code, err, got.out, got.stderr)
			}
		}
	}
	r.stop(t)
}

// masks replace the parts of the output that differ from run to run.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+`), "TIME"},
	{regexp.MustCompile(`\b\d+[smhd] ago`), "AGO"},
	{regexp.MustCompile(`\b\d+ms\b|\b\d+(\.\d+)?s\b`), "TOOK"},
	{regexp.MustCompile(`syncRuns/[0-9a-f-]{36}|\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}`), "RUN"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDR"},
	{regexp.MustCompile(`(?m)^(etag +)\S+$`), "${1}ETAG"},
	{regexp.MustCompile(`rollcall-[A-Za-z0-9_-]{22,}`), "EXTERNAL-ID"},
	{regexp.MustCompile(`(?i)(request ?id:? )[0-9a-f-]+`), "${1}ID"},
	{regexp.MustCompile(`(?m)^\S+: (queued|running) .*\n|^\S+: (succeeded|degraded), .*\n`), ""}, // the states seen depend on timing
	{regexp.MustCompile(` {2,}`), "  "},                                                          // the width of columns depends on the others
}

// golden compares the output of a command with its golden file.
func golden(t *testing.T, name string, args []string, got client) {
	t.Helper()
	text := fmt.Sprintf("$ rollcall %s\n[exit %d]\n--- stdout\n%s--- stderr\n%s", strings.Join(args, " "), got.code, got.out, got.stderr)
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.by)
	}
	path := filepath.Join("testdata", "client", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, text, want)
	}
}
