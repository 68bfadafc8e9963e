package docs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// API is the part of the document that the page shows.
type API struct {
	Title       string
	Version     string
	Description []string
	Services    []Service
	Types       []Type
}

// Service is one service with its methods.
type Service struct {
	Name        string
	Anchor      string
	Description string
	Methods     []Method
}

// Method is one REST method.
type Method struct {
	// ID is the anchor, `AccountService_ListAccounts`, and Name its last part.
	ID   string
	Name string
	// Verb and Path are for example `GET` and `/v1/accounts/{account}`.
	Verb        string
	Path        string
	Summary     string
	Description []string
	Parameters  []Field
	// Body and Response name the types of the request body and of the response; "" if there is
	// none.
	Body     string
	Response string
	Stream   bool
	// Curl has example calls, with the placeholder origin.
	Curl []string
}

// Type is one message or enum.
type Type struct {
	Name        string
	Description []string
	Fields      []Field
	// Values are the values of an enum.
	Values []Field
}

// Field is a field of a type or a parameter of a method.
type Field struct {
	Name string
	// In is `path` or `query`, or "" for a field of a type.
	In string
	// Type describes the type, and Link names the type to link to.
	Type        string
	Link        string
	Required    bool
	ReadOnly    bool
	Description []string
}

// verbs are the HTTP methods in the order in which the page lists them.
var verbs = []string{"get", "post", "patch", "put", "delete"}

// read extracts the API from the document.
func read(doc object) (API, error) {
	info := asObject(doc["info"])
	api := API{
		Title: fmt.Sprint(info["title"]), Version: fmt.Sprint(info["version"]),
		Description: paragraphs(info["description"]),
	}
	for _, tag := range asList(doc["tags"]) {
		name := fmt.Sprint(asObject(tag)["name"])
		api.Services = append(api.Services, Service{
			Name: strings.TrimSuffix(name, "Service"), Anchor: name,
			Description: strings.Join(paragraphs(asObject(tag)["description"]), " "),
		})
	}
	paths := asObject(doc["paths"])
	for _, path := range slices.SortedFunc(maps.Keys(paths), comparePaths) {
		for _, verb := range verbs {
			operation := asObject(asObject(paths[path])[verb])
			if operation == nil {
				continue
			}
			m, tag, err := method(verb, path, operation)
			if err != nil {
				return API{}, err
			}
			for i := range api.Services {
				if api.Services[i].Anchor == tag {
					api.Services[i].Methods = append(api.Services[i].Methods, m)
				}
			}
		}
	}
	definitions := asObject(doc["definitions"])
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		api.Types = append(api.Types, typeOf(name, asObject(definitions[name])))
	}
	return api, nil
}

// comparePaths orders a collection before its members and its custom methods.
func comparePaths(a, b string) int {
	split := strings.NewReplacer(":", "/:")
	return cmp.Compare(split.Replace(a), split.Replace(b))
}

func method(verb, path string, operation object) (Method, string, error) {
	id := fmt.Sprint(operation["operationId"])
	service, name, _ := strings.Cut(id, "_")
	curl, ok := examples[id]
	if !ok {
		return Method{}, "", fmt.Errorf("method %s has no example; add one to examples", id)
	}
	m := Method{
		ID: id, Name: name, Verb: strings.ToUpper(verb), Path: path,
		Summary: text(operation["summary"]), Description: paragraphs(operation["description"]),
		Stream: len(asList(operation["produces"])) > 0, Curl: curl,
	}
	for _, p := range asList(operation["parameters"]) {
		parameter := asObject(p)
		if parameter["in"] == "body" {
			m.Body = reference(asObject(parameter["schema"]))
			continue
		}
		f := field(fmt.Sprint(parameter["name"]), parameter)
		f.In = fmt.Sprint(parameter["in"])
		f.Required = parameter["required"] == true
		m.Parameters = append(m.Parameters, f)
	}
	m.Response = reference(asObject(asObject(asObject(operation["responses"])["200"])["schema"]))
	return m, service, nil
}

func typeOf(name string, schema object) Type {
	if values := asList(schema["enum"]); values != nil {
		return enum(name, text(schema["title"])+text(schema["description"]), values)
	}
	t := Type{Name: name, Description: described(schema)}
	properties := asObject(schema["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		property := asObject(properties[name])
		f := field(name, property)
		f.ReadOnly = property["readOnly"] == true
		f.Required = slices.Contains(asList(schema["required"]), any(name))
		t.Fields = append(t.Fields, f)
	}
	return t
}

// enum returns an enum. The generator appends the comments of the values to that of the type, as
// ` - RUNNING: Running …`.
func enum(name, comment string, values []any) Type {
	parts := strings.Split(comment, "\n - ")
	t := Type{Name: name, Description: paragraphs(parts[0])}
	for _, v := range values {
		value := Field{Name: fmt.Sprint(v)}
		for _, part := range parts[1:] {
			if description, ok := strings.CutPrefix(part, value.Name+": "); ok {
				value.Description = paragraphs(description)
			}
		}
		t.Values = append(t.Values, value)
	}
	return t
}

func field(name string, schema object) Field {
	f := Field{Name: name, Description: described(schema)}
	f.Type, f.Link = kind(schema)
	return f
}

// described returns the title and the description of a schema. The generator puts a comment of one
// sentence into the title.
func described(schema object) []string {
	return append(paragraphs(schema["title"]), paragraphs(schema["description"])...)
}

// kind describes the type of a schema and returns the definition that it refers to.
func kind(schema object) (text, link string) {
	if ref := reference(schema); ref != "" {
		return ref, ref
	}
	switch schema["type"] {
	case "array":
		text, link = kind(asObject(schema["items"]))
		return "list of " + text, link
	case "object":
		if values := asObject(schema["additionalProperties"]); values != nil {
			text, link = kind(values)
			return "map of " + text, link
		}
		return "object", ""
	}
	if format, ok := schema["format"].(string); ok {
		return format, ""
	}
	return fmt.Sprint(schema["type"]), ""
}

// reference returns the name of the definition that a schema refers to, or "".
func reference(schema object) string {
	ref, ok := schema["$ref"].(string)
	if !ok {
		// A reference with its own comment is wrapped.
		for _, part := range asList(schema["allOf"]) {
			return reference(asObject(part))
		}
	}
	return strings.TrimPrefix(ref, "#/definitions/")
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// paragraphs returns the paragraphs of a comment, each as one line.
func paragraphs(v any) []string {
	var all []string
	for paragraph := range strings.SplitSeq(text(v), "\n\n") {
		if line := strings.Join(strings.Fields(paragraph), " "); line != "" {
			all = append(all, line)
		}
	}
	return all
}
