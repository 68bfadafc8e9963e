package query_test

import (
	"cmp"
	"strings"
	"time"
)

// The oracle defines the meaning of a filter a second time and without SQL. A filter is generated
// as a tree of wishes. Each can be written as text, for the code under test, and matched with a
// thing.

type wish interface {
	match(r thing) bool
}

type (
	allOf  []wish
	anyOf  []wish
	noneOf struct{ of wish }
	// ask is a single comparison.
	ask struct {
		text  string // as it is written
		check func(r thing) bool
	}
)

func (w allOf) match(r thing) bool {
	for _, one := range w {
		if !one.match(r) {
			return false
		}
	}
	return true
}

func (w anyOf) match(r thing) bool {
	for _, one := range w {
		if one.match(r) {
			return true
		}
	}
	return false
}

func (w noneOf) match(r thing) bool { return !w.of.match(r) }

func (w ask) match(r thing) bool { return w.check(r) }

// holds reports whether a comparator holds between two ordered values. For a missing value only !=
// holds.
func holds[T any](op string, held *T, asked T, compare func(T, T) int) bool {
	if held == nil {
		return op == "!="
	}
	c := compare(*held, asked)
	switch op {
	case "=":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	}
	panic(op)
}

// textHolds is holds for a text, of which a missing one is empty.
func textHolds(op string, held *string, asked string) bool {
	text := ""
	if held != nil {
		text = *held
	}
	if op == ":" {
		return strings.Contains(lower(text), lower(asked))
	}
	return holds(op, &text, asked, cmp.Compare)
}

// affix reports whether a text has a certain beginning, end or part.
func affix(text, core string, openStart, openEnd bool) bool {
	switch {
	case openStart && openEnd:
		return strings.Contains(text, core)
	case openStart:
		return strings.HasSuffix(text, core)
	default:
		return strings.HasPrefix(text, core)
	}
}

// lower returns a text in lower case as the C collation has it.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

func textOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func labelOf(m map[string]string, key string) *string {
	if v, ok := m[key]; ok {
		return &v
	}
	return nil
}

// orderKeys compare things by one field each. Missing values come first.
var orderKeys = map[string]func(a, b thing) int{
	"name":                 by(func(r thing) *string { return &r.UID }, cmp.Compare),
	"account":              by(func(r thing) *string { return &r.Account }, cmp.Compare),
	"displayName":          by(func(r thing) *string { return &r.DisplayName }, cmp.Compare),
	"location.zone":        by(func(r thing) *string { zone := textOf(r.Zone); return &zone }, cmp.Compare),
	"state":                by(func(r thing) *string { return &r.State }, cmp.Compare),
	"mode":                 by(func(r thing) *string { mode := textOf(r.Mode); return &mode }, cmp.Compare),
	"paused":               by(func(r thing) *bool { return &r.Paused }, compareBool),
	"virtual_machine.spot": by(func(r thing) *bool { spot := r.Spot != nil && *r.Spot; return &spot }, compareBool),
	"port":                 by(func(r thing) *int32 { return &r.Port }, cmp.Compare),
	"storage_gib":          by(func(r thing) *int64 { return r.StorageGiB }, cmp.Compare),
	"createTime":           by(func(r thing) *time.Time { return &r.CreateTime }, time.Time.Compare),
	"gone_time":            by(func(r thing) *time.Time { return r.GoneTime }, time.Time.Compare),
	"sync_interval":        by(func(r thing) *time.Duration { return &r.SyncInterval }, cmp.Compare),
	"grace":                by(func(r thing) *time.Duration { return r.Grace }, cmp.Compare),
}

func by[T any](get func(thing) *T, compare func(T, T) int) func(a, b thing) int {
	return func(a, b thing) int {
		x, y := get(a), get(b)
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return -1
		case y == nil:
			return 1
		}
		return compare(*x, *y)
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
