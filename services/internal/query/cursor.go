package query

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// CursorColumns are the SQL expressions that say where a row is in the order, as
// text and never NULL: select them with each row, and give those of a page's
// last row to After.
func (o *Order) CursorColumns() []string {
	columns := make([]string, len(o.columns))
	for i, c := range o.columns {
		columns[i] = "(" + c.expression() + ")::text"
	}
	return columns
}

// After is the SQL condition for what comes after a row in the order, in
// parentheses; TRUE without a cursor. A cursor that can't be one of this order
// is a fault of the field "page_token".
func (o *Order) After(args *Args, cursor []string) (string, error) {
	if len(cursor) == 0 {
		return "TRUE", nil
	}
	if len(cursor) != len(o.columns) {
		return "", damaged()
	}
	places := make([]string, len(cursor))
	for i, c := range o.columns {
		if !c.holds(cursor[i]) {
			return "", damaged()
		}
		places[i] = args.Add(cursor[i]) + c.cast()
	}
	if o.oneWay() {
		return o.rowAfter(places), nil
	}
	return o.mixedAfter(places), nil
}

func damaged() error {
	return fault.Invalid("page_token", "is damaged; start again without it")
}

func (o *Order) oneWay() bool {
	for _, c := range o.columns {
		if c.desc != o.columns[0].desc {
			return false
		}
	}
	return true
}

// rowAfter compares rows, which Postgres answers from one index.
func (o *Order) rowAfter(places []string) string {
	expressions := make([]string, len(o.columns))
	for i, c := range o.columns {
		expressions[i] = c.expression()
	}
	return "((" + strings.Join(expressions, ", ") + ") " + o.columns[0].beyond() + " (" + strings.Join(places, ", ") + "))"
}

// mixedAfter spells the comparison out from the last column to the first. That
// the first is not before the cursor's follows from the rest; it is said for the
// index.
func (o *Order) mixedAfter(places []string) string {
	condition := ""
	for i := len(o.columns) - 1; i >= 0; i-- {
		c := o.columns[i]
		beyond := c.expression() + " " + c.beyond() + " " + places[i]
		if condition == "" {
			condition = beyond
			continue
		}
		condition = "(" + beyond + " OR (" + c.expression() + " = " + places[i] + " AND " + condition + "))"
	}
	first := o.columns[0]
	return "(" + first.expression() + " " + first.beyond() + "= " + places[0] + " AND " + condition + ")"
}

func (c orderColumn) beyond() string {
	if c.desc {
		return "<"
	}
	return ">"
}

// cast of a cursor's text to the type of the expression.
func (c orderColumn) cast() string {
	switch c.field.Type.kind {
	case kindUUID:
		return "::uuid"
	case kindBool:
		return "::boolean"
	case kindInt:
		return "::bigint"
	case kindTimestamp:
		return "::timestamptz"
	case kindDuration:
		return "::numeric"
	default:
		return "::text"
	}
}

var decimal = regexp.MustCompile(`^-?[0-9]{1,24}(\.[0-9]{1,9})?$`)

// holds tells whether the cast of the text can succeed: a forged cursor must not
// make the statement fail.
func (c orderColumn) holds(text string) bool {
	switch c.field.Type.kind {
	case kindUUID:
		return len(text) == 36 && uuid.Validate(text) == nil
	case kindBool:
		return text == "true" || text == "false"
	case kindInt:
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case kindTimestamp:
		return isTimestamp(text)
	case kindDuration:
		return decimal.MatchString(text)
	default:
		return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
	}
}

// isTimestamp tells whether Postgres may have written the text for a timestamptz
// of our era. It shortens an offset of whole hours, and knows none of 16 hours.
func isTimestamp(text string) bool {
	if text == "-infinity" || text == "infinity" {
		return true
	}
	if strings.Contains(text, ",") { // for a fraction of a second, only Go
		return false
	}
	for _, offset := range []string{"-07", "-07:00", "-07:00:00"} {
		t, err := time.Parse("2006-01-02 15:04:05"+offset, text)
		if _, seconds := t.Zone(); err == nil {
			return t.Year() > 0 && seconds > -16*3600 && seconds < 16*3600
		}
	}
	return false
}
