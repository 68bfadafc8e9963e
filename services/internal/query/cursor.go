package query

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// CursorColumns returns the SQL expressions of the position of a row in the order, as text and never NULL. Select them
// with each row, and pass those of the last row of a page to After.
func (o *Order) CursorColumns() []string {
	columns := make([]string, len(o.columns))
	for i, c := range o.columns {
		columns[i] = "(" + c.expression() + ")::text"
	}
	return columns
}

// After returns the SQL condition on the rows after a cursor, in parentheses; TRUE without a cursor. Errors: *Error for
// the field "page_token", if the cursor can't be one of this order.
func (o *Order) After(args *Args, cursor []string) (string, error) {
	if len(cursor) == 0 {
		return "TRUE", nil
	}
	if len(cursor) != len(o.columns) {
		return "", damaged()
	}
	places := make([]string, len(cursor))
	for i, c := range o.columns {
		if !c.accepts(cursor[i]) {
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
	return &Error{Field: "page_token", Description: "is damaged; start again without it"}
}

func (o *Order) oneWay() bool {
	for _, c := range o.columns {
		if c.desc != o.columns[0].desc {
			return false
		}
	}
	return true
}

// rowAfter compares rows, for which Postgres can use one index.
func (o *Order) rowAfter(places []string) string {
	expressions := make([]string, len(o.columns))
	for i, c := range o.columns {
		expressions[i] = c.expression()
	}
	return "((" + strings.Join(expressions, ", ") + ") " + o.columns[0].beyond() + " (" + strings.Join(places, ", ") + "))"
}

// mixedAfter writes the comparison column by column, from the last one to the first. The condition on the first column
// follows from the others; it is there for the index.
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

// cast returns the cast of a cursor's text to the type of the expression.
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

// accepts reports whether the cast of the text succeeds. A forged cursor must not make the statement fail.
func (c orderColumn) accepts(text string) bool {
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

// isTimestamp reports whether Postgres may have written the text for a timestamptz of the present era. Postgres shortens
// an offset of whole hours, and has no offsets of 16 hours or more.
func isTimestamp(text string) bool {
	if text == "-infinity" || text == "infinity" {
		return true
	}
	if strings.Contains(text, ",") { // a comma before the fraction of a second, which only Go accepts
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
