package rest

import (
	"fmt"
	"regexp"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// protoPrefix matches the start of protojson's messages: `proto: (line 1:2): unknown field "x"`.
// protojson varies the space after the colon on purpose, so that programs don't compare messages.
var protoPrefix = regexp.MustCompile(`^proto:[\s\x{a0}]*(?:syntax error )?(?:\(line (\d+):(\d+)\): )?`)

// protoMessages maps protojson's messages about an invalid body to ours. Ours contain names of
// fields, and never values, which may be secrets.
var protoMessages = []struct {
	pattern *regexp.Regexp
	// format formats the group of the pattern.
	format string
	// field is set if the group is the name of a field.
	field bool
}{
	{regexp.MustCompile(`^unknown field "([A-Za-z0-9_.@-]{1,64})"$`), `unknown field "%s"`, true},
	{regexp.MustCompile(`^duplicate field "([A-Za-z0-9_.]{1,64})"$`), `duplicate field "%s"`, true},
	{regexp.MustCompile(`^error parsing "([A-Za-z0-9_.]{1,64})", oneof \S+ is already set$`), `"%s" can't be set together with another field of its oneof`, true},
	{regexp.MustCompile(`^invalid value for \S+ field ([A-Za-z0-9_]+):`), `the value of "%s" has the wrong type`, true},
	{regexp.MustCompile(`^invalid value for (\S+) key:`), `a map key is not a valid %s`, false},
	{regexp.MustCompile(`^(?:google\.protobuf\.)?invalid (google\.protobuf\.[A-Za-z]+) value`), `a value is not a valid %s`, false},
	{regexp.MustCompile(`^duplicate map key ()`), `a map key appears twice%s`, false},
	{regexp.MustCompile(`^unknown field ()`), `unknown field%s`, false},
	{regexp.MustCompile(`^unexpected token ()`), `a value has the wrong type%s`, false},
}

// bodyFault converts an error of protojson into a fault that names the field and its position. It
// never contains the value, because responses and logs must not repeat a secret.
func bodyFault(err error) error {
	text, where := err.Error(), ""
	if prefix := protoPrefix.FindStringSubmatch(text); prefix != nil {
		text = text[len(prefix[0]):]
		if prefix[1] != "" {
			where = fmt.Sprintf(" (line %s, column %s)", prefix[1], prefix[2])
		}
	}
	message, field := "a value has the wrong type", ""
	for _, known := range protoMessages {
		if match := known.pattern.FindStringSubmatch(text); match != nil {
			message = fmt.Sprintf(known.format, match[1])
			if known.field {
				field = match[1]
			}
			break
		}
	}
	f := fault.New(fault.KindInvalidArgument, fault.ReasonInvalidBody, "invalid request body: %s%s", message, where)
	if field != "" {
		f.Violations = []fault.Violation{{Field: field, Description: message + where}}
	}
	return f
}
