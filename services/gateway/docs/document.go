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

const description = `Rollcall keeps an inventory of a company's cloud instances: virtual machines and databases, across all accounts and regions.

Names are resource names, such as accounts/aws-100000000001 (AIP-122). All resources use the same language for filters (AIP-160), order (AIP-132) and pages (AIP-158). Every list of instances has its freshness, and lists in unreachable the scopes for which it may be incomplete or out of date.

Fields are in lowerCamelCase. An unknown field or query parameter is an error that names it. Errors are google.rpc.Status: code (of gRPC), message and details. Among the details, ErrorInfo has a stable reason and BadRequest the invalid fields. Streams are newline-delimited JSON, one message a line; a failed stream ends with a line {"error": …}. With Accept: text/event-stream, streams that can be resumed are server-sent events. 64-bit numbers, such as revisions, are strings.`

// object is a JSON object of the document.
type object = map[string]any

// finished returns the generated document with these changes:
//
//   - It has a title, a version and a description.
//   - Internal services, which have no paths, are removed.
//   - Paths are expanded to `/v1/accounts/{account}` instead of `/v1/{name}` with a pattern, so that
//     generated clients don't escape the slash in a name.
//   - Streams are described by their lines, as package rest writes them.
//   - Bodies without fields are removed, and the body of an update refers to the type of the
//     resource.
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
		// The generator may group methods of several resources under one template.
		for verb, operation := range asObject(item) {
			expanded, err := expandPath(path, asObject(operation))
			if err != nil {
				return nil, err
			}
			merge(paths, expanded, object{verb: operation})
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

// expandPath returns a path with the collections of its resource names, and renames the parameters
// accordingly: the variable `name` with the pattern `accounts/[^/]+` becomes `accounts/{account}`.
func expandPath(path string, operation object) (string, error) {
	for _, match := range pathVariable.FindAllStringSubmatch(path, -1) {
		variable, singular := match[1], ""
		for _, p := range asList(operation["parameters"]) {
			parameter := asObject(p)
			if parameter["in"] != "path" || parameter["name"] != variable {
				continue
			}
			pattern := namePattern.FindStringSubmatch(fmt.Sprint(parameter["pattern"]))
			if pattern == nil {
				return "", fmt.Errorf("path %s: the pattern of %s does not match a resource name", path, variable)
			}
			singular = pattern[1]
			delete(parameter, "pattern")
			parameter["name"] = singular
			parameter["description"] = fmt.Sprintf("The id of the %s: the last segment of its name `%ss/{%s}`.", spaced(singular), singular, singular)
		}
		if singular == "" {
			return "", fmt.Errorf("path %s: no parameter for %s", path, variable)
		}
		path = strings.ReplaceAll(path, "{"+variable+"}", singular+"s/{"+singular+"}")
	}
	return path, nil
}

// merge adds the operations of a path. Two templates may expand to the same path.
func merge(paths object, path string, item object) {
	if paths[path] == nil {
		paths[path] = object{}
	}
	maps.Copy(asObject(paths[path]), item)
}

// describeStream replaces the schema {result, error} of a stream by that of its lines.
func describeStream(operation object) {
	ok := asObject(asObject(operation["responses"])["200"])
	schema := asObject(ok["schema"])
	result := asObject(asObject(schema["properties"])["result"])
	if result["$ref"] == nil || !strings.HasPrefix(fmt.Sprint(schema["title"]), "Stream result of ") {
		return
	}
	ok["schema"] = result
	ok["description"] = "A stream of these messages, one a line."
	operation["produces"] = []any{"application/x-ndjson"}
}

// describeEvents adds server-sent events to a stream that can be resumed, as package rest serves
// it.
func describeEvents(operation object) {
	parameters := asList(operation["parameters"])
	if operation["produces"] == nil || !slices.ContainsFunc(parameters, func(p any) bool { return asObject(p)["name"] == "resumeToken" }) {
		return
	}
	operation["produces"] = append(asList(operation["produces"]), "text/event-stream")
	asObject(asObject(operation["responses"])["200"])["description"] = "A stream of these messages, one a line. As server-sent events: " +
		"the id is the resume token, the event the type, and the data the message; a heartbeat is a comment with an id; " +
		"a failed stream ends with an event `error` whose data is the status."
	operation["parameters"] = append(parameters, object{
		"name": "Last-Event-ID", "in": "header", "required": false, "type": "string",
		"description": "The id of the last event: the stream continues after it and ignores the other parameters for its start.",
	}, object{
		"name": "lastEventId", "in": "query", "required": false, "type": "string",
		"description": "The same as Last-Event-ID, for clients that can't set headers.",
	})
}

// describePatch sets the type of an update's body to that of its response, and adds the update
// mask, which the generator omits.
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
		"description": "The fields to change, separated by commas (AIP-134). Empty: the fields that the body has. `*`: all fields.",
	})
}

// dropEmptyBody removes a body whose type has no fields, and that type.
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

// spaced returns a camelCase name as separate words: `sync run`.
func spaced(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
