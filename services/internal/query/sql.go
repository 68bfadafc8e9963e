package query

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Args are the arguments of one SQL statement, in the order of its placeholders.
type Args []any

// Add appends a value and returns its placeholder: "$1" for the first.
func (a *Args) Add(value any) string {
	*a = append(*a, value)
	return "$" + strconv.Itoa(len(*a))
}

func (g *group) sql(args *Args) string {
	if len(g.kids) == 0 {
		return boolSQL(!g.or)
	}
	parts := make([]string, len(g.kids))
	for i, kid := range g.kids {
		parts[i] = kid.sql(args)
	}
	word := " AND "
	if g.or {
		word = " OR "
	}
	return "(" + strings.Join(parts, word) + ")"
}

func boolSQL(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// sql returns the condition of a search. Fields with the same pattern share a parameter.
func (s *search) sql(args *Args) string {
	places := map[string]string{}
	var parts []string
	nullable := false
	for i, f := range s.fields {
		place, ok := places[s.patterns[i]]
		if !ok {
			place = args.Add(s.patterns[i])
			places[s.patterns[i]] = place
		}
		if f.Type.kind == kindStringList {
			parts = append(parts, anElement("unnest("+f.column()+")", ilike, place))
			continue
		}
		nullable = nullable || f.Nullable
		parts = append(parts, f.column()+" ILIKE "+place)
	}
	return negate("("+strings.Join(parts, " OR ")+")", nullable, s.negated)
}

// byCodePoint is for texts that are extracted from a column, which would otherwise compare by the locale of the
// database.
const byCodePoint = ` COLLATE "C"`

// anElement returns the condition that one of a set of texts matches. It is never NULL.
func anElement(set string, op operator, place string) string {
	return "EXISTS (SELECT FROM " + set + " AS item WHERE item" + byCodePoint + " " + string(op) + " " + place + ")"
}

// negate returns a condition, or its negation. A condition that is NULL counts as false.
func negate(condition string, nullable, negated bool) string {
	switch {
	case !negated:
		return condition
	case nullable:
		return "(" + condition + ") IS NOT TRUE"
	default:
		return "NOT (" + condition + ")"
	}
}

func (t *test) sql(args *Args) string {
	switch t.field.Type.kind {
	case kindString:
		return t.textSQL(args)
	case kindStringMap:
		return t.mapSQL(args)
	case kindStringList:
		return t.listSQL(args)
	case kindBool:
		return t.boolSQL()
	default:
		return t.plainSQL(args, t.cast())
	}
}

// cast returns the cast of the parameter. Without it Postgres infers the type of the column, and a number that is
// too large for the column fails where it should find nothing.
func (t *test) cast() string {
	switch t.field.Type.kind {
	case kindUUID:
		return "::uuid"
	case kindInt:
		return "::bigint"
	case kindTimestamp:
		return "::timestamptz"
	case kindDuration:
		return "::interval"
	}
	return ""
}

// plainSQL returns the comparison of a column with a value.
func (t *test) plainSQL(args *Args, cast string) string {
	column := t.field.column()
	if t.op == present {
		return t.presentSQL("")
	}
	place := args.Add(t.value) + cast
	if t.op == equal && t.negated {
		if t.field.Nullable {
			return column + " IS DISTINCT FROM " + place
		}
		return column + " <> " + place
	}
	return negate(column+" "+string(t.op)+" "+place, t.field.Nullable, t.negated)
}

// presentSQL returns the condition that there is a value, and that it is not the empty one if the type has one.
func (t *test) presentSQL(empty string) string {
	column := t.field.column()
	switch {
	case empty != "" && t.field.Nullable && t.negated:
		return "COALESCE(" + column + ", " + empty + ") = " + empty
	case empty != "" && t.negated:
		return column + " = " + empty
	case empty != "": // NULL counts as false
		return column + " <> " + empty
	case !t.field.Nullable:
		return boolSQL(!t.negated)
	case t.negated:
		return column + " IS NULL"
	default:
		return column + " IS NOT NULL"
	}
}

// textSQL returns the comparison of a text. A missing text is the empty text.
func (t *test) textSQL(args *Args) string {
	switch t.op {
	case present:
		return t.presentSQL("''")
	case like, ilike:
		return t.plainSQL(args, "")
	case equal:
		if t.value == "" {
			empty := *t
			empty.negated = !t.negated
			return empty.presentSQL("''")
		}
		return t.plainSQL(args, "")
	}
	if !t.field.Nullable {
		return t.plainSQL(args, "")
	}
	return negate("COALESCE("+t.field.column()+", '') "+string(t.op)+" "+args.Add(t.value), false, t.negated)
}

func (t *test) boolSQL() string {
	if t.op == present {
		return t.presentSQL("")
	}
	not := ""
	if t.negated {
		not = "NOT "
	}
	return t.field.column() + " IS " + not + boolSQL(t.value.(bool))
}

// mapSQL returns the condition on a jsonb object. Equality is written as `@>` and the presence of a key as `?`,
// because GIN indexes support these: jsonb_path_ops the first one, jsonb_ops both.
func (t *test) mapSQL(args *Args) string {
	column := t.field.column()
	switch {
	case t.key == "" && t.op == present:
		return t.presentSQL("'{}'")
	case t.key == "" && t.op == like:
		return negate(anElement("jsonb_object_keys("+column+")", like, args.Add(t.value)), false, t.negated)
	case t.key == "": // contains
		return negate(column+" ? "+args.Add(t.value), t.field.Nullable, t.negated)
	case t.op == present:
		return negate(column+" ? "+args.Add(t.key), t.field.Nullable, t.negated)
	case t.op == equal:
		pair, err := json.Marshal(map[string]any{t.key: t.value})
		if err != nil {
			panic(err) // can't happen: a map of strings is always JSON
		}
		return negate(column+" @> "+args.Add(string(pair))+"::jsonb", t.field.Nullable, t.negated)
	default:
		value := "(" + column + " ->> " + args.Add(t.key) + "::text)" + byCodePoint
		return negate("("+value+") "+string(t.op)+" "+args.Add(t.value), true, t.negated)
	}
}

// listSQL returns the condition on a text[]. Containment is written as `@>`, which GIN indexes support.
func (t *test) listSQL(args *Args) string {
	column := t.field.column()
	switch t.op {
	case present:
		return t.presentSQL("'{}'")
	case contains:
		return negate(column+" @> ARRAY["+args.Add(t.value)+"::text]", t.field.Nullable, t.negated)
	default:
		return negate(anElement("unnest("+column+")", t.op, args.Add(t.value)), false, t.negated)
	}
}
