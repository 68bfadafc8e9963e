package docs

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/gen/openapi"
)

// Version is the version of the API.
const Version = "v1"

const title = "Rollcall"

const description = `Rollcall keeps the roll of a company's cloud instances: virtual machines and databases, across all accounts and regions.

Names are resource names, such as accounts/aws-100000000001 (AIP-122). Lists are filtered (AIP-160), ordered (AIP-132) and paged (AIP-158) in one language for all resources. Every list of instances says how fresh it is, and which scopes it could not vouch for in unreachable.

Fields are in lowerCamelCase. An unknown field or query parameter is refused, naming it. Errors are google.rpc.Status: code (of gRPC), message and details, of which ErrorInfo names a stable reason and BadRequest the fields at fault. Streams are newline-delimited JSON, one message a line; an error ends one with a line {"error": …}. Those that can be resumed are server-sent events for Accept: text/event-stream. 64-bit numbers, such as revisions, are strings.`

// object is a JSON object of the document.
type object = map[string]any

// finished is the generated document made ready for readers:
//
//   - it has a title, a version and a description;
//   - the internal services, which have no paths, are left out;
//   - paths are spelt out, `/v1/accounts/{account}` in place of `/v1/{name}` with
//     a pattern, so that clients made from it do not escape the slash in a name;
//   - a stream is described by its lines, as package rest writes them;
//   - a body that can only be empty is left out, and one that is a part of the
//     answered resource refers to its type.
func finished() (object, error) {
	var doc object
	if err := json.Unmarshal(openapi.Document, &doc); err != nil {
		return nil, fmt.Errorf("read the generated OpenAPI document: %w", err)
	}
	doc["info"] = object{
		"title": title, "version": Version, "description": description,
		"license": object{"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
	}
	paths := object{}
	used := map[string]bool{}
	for path, item := range asObject(doc["paths"]) {
		// The generator may put methods of several resources under one template.
		for verb, operation := range asObject(item) {
			spelt, err := spellOut(path, asObject(operation))
			if err != nil {
				return nil, err
			}
			merge(paths, spelt, object{verb: operation})
		}
		for _, operation := range asObject(item) {
			for _, tag := range asList(asObject(operation)["tags"]) {
				used[fmt.Sprint(tag)] = true
			}
			describeStream(asObject(operation))
			describeEvents(asObject(operation))
		}
		if patch := asObject(asObject(item)["patch"]); patch != nil {
			describePatch(patch)
		}
		if post := asObject(asObject(item)["post"]); post != nil {
			dropEmptyBody(post, asObject(doc["definitions"]))
		}
	}
	doc["paths"] = paths
	doc["tags"] = slices.DeleteFunc(asList(doc["tags"]), func(tag any) bool {
		return !used[fmt.Sprint(asObject(tag)["name"])]
	})
	return doc, nil
}

var (
	pathVariable = regexp.MustCompile(`\{([^}]+)\}`)
	namePattern  = regexp.MustCompile(`^([a-zA-Z]+)s/\[\^/\]\+$`)
)

// spellOut writes a path with its collections in it, and renames its parameters
// to fit: the variable `name` with the pattern `accounts/[^/]+` becomes
// `accounts/{account}`.
func spellOut(path string, operation object) (string, error) {
	for _, match := range pathVariable.FindAllStringSubmatch(path, -1) {
		variable, singular := match[1], ""
		for _, p := range asList(operation["parameters"]) {
			parameter := asObject(p)
			if parameter["in"] != "path" || parameter["name"] != variable {
				continue
			}
			pattern := namePattern.FindStringSubmatch(fmt.Sprint(parameter["pattern"]))
			if pattern == nil {
				return "", fmt.Errorf("path %s: the pattern of %s is not that of a resource name", path, variable)
			}
			singular = pattern[1]
			delete(parameter, "pattern")
			parameter["name"] = singular
			parameter["description"] = fmt.Sprintf("The id of the %s, the last part of its name `%ss/{%s}`.", spaced(singular), singular, singular)
		}
		if singular == "" {
			return "", fmt.Errorf("path %s: no parameter for %s", path, variable)
		}
		path = strings.ReplaceAll(path, "{"+variable+"}", singular+"s/{"+singular+"}")
	}
	return path, nil
}

// merge adds the operations at a path: two templates may spell out the same.
func merge(paths object, path string, item object) {
	if paths[path] == nil {
		paths[path] = object{}
	}
	maps.Copy(asObject(paths[path]), item)
}

// describeStream replaces {result, error} by what a line of the stream is.
func describeStream(operation object) {
	ok := asObject(asObject(operation["responses"])["200"])
	schema := asObject(ok["schema"])
	result := asObject(asObject(schema["properties"])["result"])
	if result["$ref"] == nil || !strings.HasPrefix(fmt.Sprint(schema["title"]), "Stream result of ") {
		return
	}
	ok["schema"] = result
	ok["description"] = "A stream of these, one a line."
	operation["produces"] = []any{"application/x-ndjson"}
}

// describeEvents adds the form of a stream that can be resumed, as package rest
// offers it.
func describeEvents(operation object) {
	parameters := asList(operation["parameters"])
	if operation["produces"] == nil || !slices.ContainsFunc(parameters, func(p any) bool { return asObject(p)["name"] == "resumeToken" }) {
		return
	}
	operation["produces"] = append(asList(operation["produces"]), "text/event-stream")
	asObject(asObject(operation["responses"])["200"])["description"] = "A stream of these, one a line. As server-sent events: " +
		"the id is the resume token, the event the type, the data the message; a heartbeat is a comment that moves the id on; " +
		"an event `error` with the status ends a stream that failed."
	operation["parameters"] = append(parameters, object{
		"name": "Last-Event-ID", "in": "header", "required": false, "type": "string",
		"description": "The id of the last event: the stream goes on after it, whatever else the address says of where to begin.",
	}, object{
		"name": "lastEventId", "in": "query", "required": false, "type": "string",
		"description": "The same, for those who can't set headers.",
	})
}

// describePatch lets the body of an Update refer to the resource that it
// answers, and names the mask, which the generator leaves out.
func describePatch(operation object) {
	resource := asObject(asObject(asObject(operation["responses"])["200"])["schema"])
	parameters := asList(operation["parameters"])
	for _, p := range parameters {
		if body := asObject(p); body["in"] == "body" {
			body["schema"] = object{"$ref": resource["$ref"]}
		}
	}
	operation["parameters"] = append(parameters, object{
		"name": "updateMask", "in": "query", "required": false, "type": "string",
		"description": "Which fields to change, with commas between (AIP-134); those that the body has when empty, all for `*`.",
	})
}

// dropEmptyBody leaves out a body whose type has no fields, and the type.
func dropEmptyBody(operation object, definitions object) {
	operation["parameters"] = slices.DeleteFunc(asList(operation["parameters"]), func(p any) bool {
		parameter := asObject(p)
		name := reference(asObject(parameter["schema"]))
		if parameter["in"] != "body" || len(asObject(asObject(definitions[name])["properties"])) > 0 {
			return false
		}
		delete(definitions, name)
		return true
	})
}

func asObject(v any) object {
	o, _ := v.(object)
	return o
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

// spaced is a camelCase word in words: `sync run`.
func spaced(word string) string {
	var b strings.Builder
	for _, r := range word {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
