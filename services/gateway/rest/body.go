package rest

import (
	"fmt"
	"regexp"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// protoPrefix begins protojson's texts: `proto: (line 1:2): unknown field "x"`.
// It varies the kind of space after the colon so that nobody compares them
// whole.
var protoPrefix = regexp.MustCompile(`^proto:[\s\x{a0}]*(?:syntax error )?(?:\(line (\d+):(\d+)\): )?`)

// protoTexts are what protojson says of a body it can't read, and what is passed
// on of it: the name of a field, never a value, which may be a secret.
var protoTexts = []struct {
	pattern *regexp.Regexp
	// says formats what the pattern's group holds.
	says string
	// field tells that the group is the name of a field.
	field bool
}{
	{regexp.MustCompile(`^unknown field "([A-Za-z0-9_.@-]{1,64})"$`), `unknown field "%s"`, true},
	{regexp.MustCompile(`^duplicate field "([A-Za-z0-9_.]{1,64})"$`), `duplicate field "%s"`, true},
	{regexp.MustCompile(`^error parsing "([A-Za-z0-9_.]{1,64})", oneof \S+ is already set$`), `"%s" can't be set beside another of its kind`, true},
	{regexp.MustCompile(`^invalid value for \S+ field ([A-Za-z0-9_]+):`), `the value of "%s" is not of its type`, true},
	{regexp.MustCompile(`^invalid value for (\S+) key:`), `a key of a map is no %s`, false},
	{regexp.MustCompile(`^(?:google\.protobuf\.)?invalid (google\.protobuf\.[A-Za-z]+) value`), `a value is no %s`, false},
	{regexp.MustCompile(`^duplicate map key ()`), `a key of a map is given twice%s`, false},
	{regexp.MustCompile(`^unknown field ()`), `unknown field%s`, false},
	{regexp.MustCompile(`^unexpected token ()`), `a value is not of its field's type%s`, false},
}

// bodyFault names the field that protojson could not read, and where it is. What
// was given there is not told: answers and logs must not repeat a secret.
func bodyFault(err error) error {
	text, where := err.Error(), ""
	if prefix := protoPrefix.FindStringSubmatch(text); prefix != nil {
		text = text[len(prefix[0]):]
		if prefix[1] != "" {
			where = fmt.Sprintf(" (line %s, column %s)", prefix[1], prefix[2])
		}
	}
	says, field := "a value is not of its field's type", ""
	for _, known := range protoTexts {
		if match := known.pattern.FindStringSubmatch(text); match != nil {
			says = fmt.Sprintf(known.says, match[1])
			if known.field {
				field = match[1]
			}
			break
		}
	}
	f := fault.New(fault.KindInvalidArgument, "INVALID_BODY", "the body can't be read: %s%s", says, where)
	if field != "" {
		f.Violations = []fault.Violation{{Field: field, Description: says + where}}
	}
	return f
}
