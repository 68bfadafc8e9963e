package aws

import "testing"

func TestRootElement(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"":                           "",
		"   \n":                      "",
		"{}":                         "",
		"<":                          "",
		"<unfinish":                  "",
		"<a>":                        "a",
		"<a/>":                       "a",
		"<a b=\"c\">":                "a",
		"\ufeff<a>":                  "a",
		"<?xml version=\"1.0\"?><a>": "a",
		"<?xml version=\"1.0\"?>\n<!-- <b> -->\n<a xmlns=\"x\">": "a",
		"<?xml ":                "",
		"<!-- ":                 "",
		"<!DOCTYPE html><html>": "!DOCTYPE",
		"<html><body>":          "html",
	} {
		if got := rootElement([]byte(head)); got != want {
			t.Errorf("%q begins with the element %q, want %q", head, got, want)
		}
	}
}

func FuzzRootElement(f *testing.F) {
	f.Add([]byte("<?xml?><a>"))
	f.Add([]byte("<?><!--><a>"))
	f.Add([]byte("<!---->"))
	f.Fuzz(func(t *testing.T, head []byte) { rootElement(head) })
}
