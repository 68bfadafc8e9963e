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

// MaxSize is the most bytes that a file may have. Google's are of two or three
// kB.
const MaxSize = 64 << 10

// object is a JSON object, of the file or of a member of it.
type object struct {
	// path leads to it, with a dot at its end; empty for the file itself.
	path    string
	members map[string]json.RawMessage
}

// parse reads a file as one JSON object.
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

// parseObject reads the members of an object, each of which may stand there
// once: readers differ in which of two they take.
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
		name, _ := token.(string) // No other token stands before a value in an object.
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
		return o, wrong("", "there is more behind the JSON object")
	}
	return o, nil
}

// malformed tells truncated JSON from what is none. The decoder's own error may
// quote the file.
func (o object) malformed(err error) *Error {
	member := strings.TrimSuffix(o.path, ".")
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return wrong(member, "the JSON ends early: paste the whole file")
	}
	return wrong(member, "must be a JSON object, as it is in the file that Google made")
}

// has tells whether there is a member with a value.
func (o object) has(name string) bool {
	value, there := o.members[name]
	return there && string(value) != "null"
}

// optional is the text of a member; "" when it is absent.
func (o object) optional(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(o.members[name], &text); err != nil {
		return "", wrong(o.path+name, "must be a string")
	}
	if strings.ContainsRune(text, 0) {
		return "", wrong(o.path+name, "must not hold the character NUL")
	}
	return text, nil
}

// text is the text of a member that must be there.
func (o object) text(name string) (string, error) {
	text, err := o.optional(name)
	if err == nil && text == "" {
		return "", wrong(o.path+name, "is missing")
	}
	return text, err
}

// whole is the whole number of a member, within limits; 0 when it is absent.
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

// object is a member that is an object; ok tells whether it is there.
func (o object) object(name string) (member object, ok bool, err error) {
	if !o.has(name) {
		return object{}, false, nil
	}
	member, err = parseObject(o.path+name+".", o.members[name])
	return member, err == nil, err
}

// fill sets each text from its member, which must be there.
func (o object) fill(texts map[string]*string) error {
	return o.each(texts, o.text)
}

// fillOptional sets each text from its member, if it is there.
func (o object) fillOptional(texts map[string]*string) error {
	return o.each(texts, o.optional)
}

// each reads members in the order of their names, so that of two mistakes the
// same one is told every time.
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

// checkType holds the file to be of one type.
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

// otherTypes are the types of files that users may take for the right one, for
// people.
var otherTypes = map[string]string{
	"service_account":                  "a service account's key",
	"external_account":                 "a configuration of workload identity federation",
	"authorized_user":                  "somebody's own gcloud login",
	"impersonated_service_account":     "an impersonated login; use impersonation instead",
	"external_account_authorized_user": "somebody's own federated login",
	"gdch_service_account":             "a key for Google Distributed Cloud",
}

// universe is the one Google Cloud there is for most; others have addresses of
// their own.
const universe = "googleapis.com"

func (o object) checkUniverse() error {
	domain, err := o.optional("universe_domain")
	if err == nil && domain != "" && domain != universe {
		return wrong("universe_domain", "must be %s: other universes are not supported", universe)
	}
	return err
}
