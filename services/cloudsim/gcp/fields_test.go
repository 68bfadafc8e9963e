package gcp

import (
	"encoding/json"
	"testing"
)

const answer = `{"kind":"list","items":{"zones/a":{"instances":[{"id":"1","name":"a \"}\\","labels":{"x":"{[\\\"]}"},` +
	`"disks":[{"boot":true,"licenses":["l1","l2"],"size":"10"},{"boot":false}],"n":7,"none":[],"void":{}}]},` +
	`"zones/b":{"warning":{"code":"NO","data":[{"key":"k"}]}}},"token":"t"}`

// TestPick compares the effect of the parameter `fields` with Google's page on partial responses.
func TestPick(t *testing.T) {
	for fields, want := range map[string]string{
		"kind":                                   `{"kind":"list"}`,
		"token,kind":                             `{"kind":"list","token":"t"}`,
		"items/*/instances/id":                   `{"items":{"zones/a":{"instances":[{"id":"1"}]},"zones/b":{}}}`,
		"items/*/instances(id,n)":                `{"items":{"zones/a":{"instances":[{"id":"1","n":7}]},"zones/b":{}}}`,
		"items/*/instances/disks(boot,licenses)": `{"items":{"zones/a":{"instances":[{"disks":[{"boot":true,"licenses":["l1","l2"]},{"boot":false}]}]},"zones/b":{}}}`,
		"items(*/instances/n,*/warning/code)":    `{"items":{"zones/a":{"instances":[{"n":7}]},"zones/b":{"warning":{"code":"NO"}}}}`,
		"items/*/instances(name,labels,none,void)": `{"items":{"zones/a":{"instances":[{"name":"a \"}\\","labels":{"x":"{[\\\"]}"},"none":[],"void":{}}]},` +
			`"zones/b":{}}}`,
		"items/*/warning,items/*/warning/code": `{"items":{"zones/a":{},"zones/b":{"warning":{"code":"NO","data":[{"key":"k"}]}}}}`,
		"items/*/warning/code,items/*/warning": `{"items":{"zones/a":{},"zones/b":{"warning":{"code":"NO","data":[{"key":"k"}]}}}}`,
		"*":                                    answer,
		"items,kind,token":                     answer,
		"nothing":                              `{}`,
		"kind/deeper":                          `{"kind":"list"}`,
	} {
		selected, err := parseFields(fields)
		if err != nil {
			t.Errorf("%s: %v", fields, err)
			continue
		}
		d := newDocument()
		d.raw(answer)
		d.pick(selected)
		if got := string(d.b); got != want {
			t.Errorf("%s: got %s, want %s", fields, got, want)
		}
		d.free()
	}
	for _, fields := range []string{",", "a,", "a(", "a()", "a(b", "a)", "/a", "a/", "a//b", "a(b))", "(a)"} {
		if _, err := parseFields(fields); err == nil {
			t.Errorf("%s was accepted", fields)
		}
	}
}

// FuzzFields checks that every selection yields valid JSON.
func FuzzFields(f *testing.F) {
	f.Add("items/*/instances(id,disks/licenses),kind")
	f.Add("items(*(*(*)))")
	f.Fuzz(func(t *testing.T, fields string) {
		selected, err := parseFields(fields)
		if err != nil {
			return
		}
		d := newDocument()
		defer d.free()
		d.raw(answer)
		d.pick(selected)
		if !json.Valid(d.b) {
			t.Errorf("%s: %s", fields, d.b)
		}
	})
}
