package docs

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestDocument_Finished(t *testing.T) {
	t.Parallel()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Info  struct{ Title, Version, Description string }
		Tags  []struct{ Name string }
		Paths map[string]map[string]struct {
			OperationID string
			Produces    []string
			Parameters  []struct {
				Name, In string
				Schema   map[string]any
			}
		}
	}
	if err := json.Unmarshal(d.document, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Info.Title != "Rollcall" || doc.Info.Version != "v1" || doc.Info.Description == "" {
		t.Errorf("info %+v", doc.Info)
	}
	for _, tag := range doc.Tags {
		if tag.Name == "IngestService" || tag.Name == "ConnectionService" {
			t.Errorf("the document has the internal service %s", tag.Name)
		}
	}
	for path, item := range doc.Paths {
		for verb, operation := range item {
			var inPath []string
			for _, parameter := range operation.Parameters {
				if parameter.In == "path" {
					inPath = append(inPath, "{"+parameter.Name+"}")
				}
			}
			if want := regexp.MustCompile(`\{[^}]+\}`).FindAllString(path, -1); !slices.Equal(inPath, want) {
				t.Errorf("%s %s: parameters %v, want %v", verb, path, inPath, want)
			}
		}
	}
	for _, path := range []string{"/v1/accounts/{account}", "/v1/accounts/{account}:sync", "/v1/instances:lookup", "/v1/syncRuns/{syncRun}:watch"} {
		if doc.Paths[path] == nil {
			t.Errorf("no path %s in %v", path, slices.Sorted(maps.Keys(doc.Paths)))
		}
	}
	if got := doc.Paths["/v1/syncRuns/{syncRun}:watch"]["get"].Produces; !slices.Equal(got, []string{"application/x-ndjson"}) {
		t.Errorf("the stream produces %v", got)
	}
	if got := doc.Paths["/v1/instances:watch"]["get"].Produces; !slices.Equal(got, []string{"application/x-ndjson", "text/event-stream"}) {
		t.Errorf("the stream of events produces %v", got)
	}
	if strings.Contains(string(d.document), "Stream result of") {
		t.Error("the document describes the lines of a stream as wrapped")
	}
}

func TestDocument_ReferencesResolve(t *testing.T) {
	t.Parallel()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, t := range d.api.Types {
		names[t.Name] = true
	}
	for _, match := range regexp.MustCompile(`#/definitions/([\w.]+)`).FindAllSubmatch(d.document, -1) {
		if !names[string(match[1])] {
			t.Errorf("there is no definition %s", match[1])
		}
	}
}

func TestPage_ShowsEveryMethodWithAnExample(t *testing.T) {
	t.Parallel()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	d.Page().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://rollcall.test:8080/docs", nil))
	page := answer.Body.String()
	methods := 0
	for _, service := range d.api.Services {
		for _, m := range service.Methods {
			methods++
			if !strings.Contains(page, `id="`+m.ID+`"`) {
				t.Errorf("the page lacks %s", m.ID)
			}
		}
	}
	if methods != len(examples) {
		t.Errorf("%d methods and %d examples", methods, len(examples))
	}
	if strings.Contains(page, origin+"/") || !strings.Contains(page, "http://rollcall.test:8080/v1/instances") {
		t.Error("the examples do not use the address of the page")
	}
	for _, link := range regexp.MustCompile(`href="(#[^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !bytes.Contains(answer.Body.Bytes(), []byte(`id="`+link[1][1:]+`"`)) {
			t.Errorf("the link %s has no target", link[1])
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page has scripts or inline styles")
	}
}
