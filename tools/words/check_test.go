package main

import (
	"slices"
	"testing"
)

const testRules = `
# a comment
text \bthe roll\b => the inventory
text \banew\b => again
name purse => token lease
`

func TestCheck(t *testing.T) {
	rules, err := parseRules(testRules)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, file, content string
		want                []int
	}{
		{"comment", "a.go", "package a\n\n// It is on the roll.\nvar x int\n", []int{3}},
		{"comment over a line break", "a.go", "package a\n\n// It is on the\n// roll, Anew.\nvar x int\n", []int{3, 4}},
		{"string", "a.go", "package a\n\nvar x = \"begin anew\"\n", []int{3}},
		{"identifier", "a.go", "package a\n\nvar tokenPurse, pursed int\n", []int{3}},
		{"a longer word", "a.go", "package a\n\n// The rollback of renewal.\nvar x int\n", nil},
		{"code that only looks like it", "a.go", "package a\n\nfunc anew() {}\n", nil},
		{"document", "a.md", "# A\n\nBegin anew.\nOn the\nroll.\n", []int{3, 4}},
		{"SQL comment", "a.sql", "-- what is on the\n-- roll\nSELECT 1;\n", []int{1}},
	} {
		var lines []int
		for _, f := range check(test.file, []byte(test.content), rules) {
			lines = append(lines, f.line)
		}
		if !slices.Equal(lines, test.want) {
			t.Errorf("%s: found on lines %v, want %v", test.name, lines, test.want)
		}
	}
}

func TestParseRules_Invalid(t *testing.T) {
	for _, text := range []string{"text anew", "word anew => again", "text ( => again", "anew"} {
		if _, err := parseRules(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestBuiltinRules(t *testing.T) {
	rules, err := parseRules(builtin)
	if err != nil || len(rules) == 0 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
}

func TestSplitWords(t *testing.T) {
	for identifier, want := range map[string][]string{
		"tokenPurse": {"token", "purse"}, "HTTPServer": {"http", "server"}, "to_do": {"to", "do"}, "x": {"x"},
	} {
		if got := splitWords(identifier); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", identifier, got, want)
		}
	}
}

func TestIsChecked(t *testing.T) {
	for name, want := range map[string]bool{
		"services/a/b.go": true, "README.md": true, "Makefile": true, "gen/a.go": false,
		"services/gateway/console/page_templ.go": false, "a/htmx.min.js": false, "a.png": false, "a/testdata/x.md": false,
	} {
		if isChecked(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
