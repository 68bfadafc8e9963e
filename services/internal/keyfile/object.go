package keyfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxSize is the largest size of a file in bytes. Google's files have two or three kB.
const MaxSize = 64 << 10

// object is a JSON object: the file or one of its members.
type object struct {
	// path is the path of the object with a dot at its end. It is empty for the file.
	path    string
	members map[string]json.RawMessage
}

// parse parses a file as one JSON object.
func parse(file []byte) (object, error) {
	switch {
	case len(file) > MaxSize:
		return object{}, wrong("", "the file is larger than %d kB, which no key file is", MaxSize>>10)
	case len(bytes.TrimSpace(file)) == 0:
		return object{}, wrong("", "the file is empty")
	case !utf8.Valid(file):
		return object{}, wrong("", "the file is not UTF-8 text")
	}
	return parseObject("", file)
}

// parseObject parses the members of an object. A member may occur only once, because
// parsers differ in which of two they use.
func parseObject(path string, text []byte) (object, error) {
	o := object{path: path, members: map[string]json.RawMessage{}}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return o, o.malformed(err)
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return o, o.malformed(err)
		}
		name, _ := token.(string) // Nothing else can be in front of a value in an object.
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return o, o.malformed(err)
		}
		if _, twice := o.members[name]; twice {
			return o, wrong(strings.TrimSuffix(path, "."), "has a member twice")
		}
		o.members[name] = value
	}
	if _, err := decoder.Token(); err != nil {
		return o, o.malformed(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return o, wrong("", "there is text after the JSON object")
	}
	return o, nil
}

// malformed returns the error for text that is not JSON, or truncated. The error of the
// decoder can't be used, because it may quote the file.
func (o object) malformed(err error) *Error {
	member := strings.TrimSuffix(o.path, ".")
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return wrong(member, "the JSON ends early: paste the whole file")
	}
	return wrong(member, "must be a JSON object, as it is in the file that Google made")
}

// has reports whether there is a member with a value.
func (o object) has(name string) bool {
	value, there := o.members[name]
	return there && string(value) != "null"
}

// optional returns the string of a member, or "" if there is none.
func (o object) optional(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(o.members[name], &text); err != nil {
		return "", wrong(o.path+name, "must be a string")
	}
	if strings.ContainsRune(text, 0) {
		return "", wrong(o.path+name, "must not contain the character NUL")
	}
	return text, nil
}

// text returns the string of a required member.
func (o object) text(name string) (string, error) {
	text, err := o.optional(name)
	if err == nil && text == "" {
		return "", wrong(o.path+name, "is missing")
	}
	return text, err
}

// whole returns the integer of a member within limits, or 0 if there is none.
func (o object) whole(name string, least, most int) (int, error) {
	if !o.has(name) {
		return 0, nil
	}
	var number float64
	if err := json.Unmarshal(o.members[name], &number); err != nil ||
		number != math.Trunc(number) || number < float64(least) || number > float64(most) {
		return 0, wrong(o.path+name, "must be a whole number from %d to %d", least, most)
	}
	return int(number), nil
}

// object returns a member that is an object, and reports whether there is one.
func (o object) object(name string) (member object, ok bool, err error) {
	if !o.has(name) {
		return object{}, false, nil
	}
	member, err = parseObject(o.path+name+".", o.members[name])
	return member, err == nil, err
}

// fill sets each string from its member, which is required.
func (o object) fill(texts map[string]*string) error {
	return o.each(texts, o.text)
}

// fillOptional sets each string from its member if there is one.
func (o object) fillOptional(texts map[string]*string) error {
	return o.each(texts, o.optional)
}

// each reads members in the order of their names, so that the same file always leads to
// the same error.
func (o object) each(texts map[string]*string, read func(string) (string, error)) error {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text, err := read(name)
		if err != nil {
			return err
		}
		*texts[name] = text
	}
	return nil
}

// checkType returns an error if the file has another type.
func (o object) checkType(want, what string) error {
	got, err := o.text("type")
	if err != nil {
		return err
	}
	if got == want {
		return nil
	}
	if known, ok := otherTypes[got]; ok {
		return wrong("type", "must be %q, the type of %s; this is %s", want, what, known)
	}
	return wrong("type", "must be %q, the type of %s", want, what)
}

// otherTypes describes the types of files that users may mistake for the expected one.
var otherTypes = map[string]string{
	"service_account":                  "the key of a service account",
	"external_account":                 "a configuration of workload identity federation",
	"authorized_user":                  "a personal gcloud login",
	"impersonated_service_account":     "an impersonated login; use impersonation instead",
	"external_account_authorized_user": "a personal federated login",
	"gdch_service_account":             "a key for Google Distributed Cloud",
}

// universe is the domain of the public Google Cloud. Others are not supported.
const universe = "googleapis.com"

func (o object) checkUniverse() error {
	domain, err := o.optional("universe_domain")
	if err == nil && domain != "" && domain != universe {
		return wrong("universe_domain", "must be %s: other universes are not supported", universe)
	}
	return err
}
