package query

import (
	"fmt"
	"slices"
)

// only of an AND is what all kids that confine the field agree on; of an OR, all
// that its kids let through, when each confines it.
func (g *group) only(path string) ([]string, bool) {
	if g.or {
		return g.union(path)
	}
	var values []string
	confined := false
	for _, kid := range g.kids {
		own, ok := kid.only(path)
		switch {
		case !ok:
		case !confined:
			values, confined = own, true
		default:
			values = slices.DeleteFunc(values, func(v string) bool { return !slices.Contains(own, v) })
		}
	}
	return values, confined
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

// demands of an OR would be to demand the same in all of its kids.
func (g *group) demands(path string) bool {
	return (!g.or || len(g.kids) == 1) && slices.ContainsFunc(g.kids, func(kid predicate) bool { return kid.demands(path) })
}

func (t *test) demands(path string) bool { return t.field.Path == path && t.op == equal && !t.negated }

func (s *search) demands(string) bool { return false }
