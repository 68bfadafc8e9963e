package query

import (
	"fmt"
	"slices"
)

// only returns, for an AND, the values that all kids which limit the field allow; for an OR, all values that the kids
// allow, if each of them limits it.
func (g *group) only(path string) ([]string, bool) {
	if g.or {
		return g.union(path)
	}
	var values []string
	limited := false
	for _, kid := range g.kids {
		own, ok := kid.only(path)
		switch {
		case !ok:
		case !limited:
			values, limited = own, true
		default:
			values = slices.DeleteFunc(values, func(v string) bool { return !slices.Contains(own, v) })
		}
	}
	return values, limited
}

func (g *group) union(path string) ([]string, bool) {
	var values []string
	for _, kid := range g.kids {
		own, ok := kid.only(path)
		if !ok {
			return nil, false
		}
		for _, v := range own {
			if !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
	}
	return values, true
}

func (t *test) only(path string) ([]string, bool) {
	if t.field.Path != path || t.op != equal || t.negated {
		return nil, false
	}
	switch t.field.Type.kind {
	case kindString, kindUUID, kindEnum, kindBool, kindInt:
		return []string{fmt.Sprint(t.value)}, true
	}
	return nil, false
}

func (s *search) only(string) ([]string, bool) { return nil, false }

// demands does not look into an OR, whose kids would all have to demand the same value.
func (g *group) demands(path string) bool {
	return (!g.or || len(g.kids) == 1) && slices.ContainsFunc(g.kids, func(kid predicate) bool { return kid.demands(path) })
}

func (t *test) demands(path string) bool { return t.field.Path == path && t.op == equal && !t.negated }

func (s *search) demands(string) bool { return false }
