package query

// UsesOnly tells whether the filter asks of no other fields than those with these
// paths, so that rows which have only them can answer it.
func (f *Filter) UsesOnly(paths ...string) bool {
	if f == nil || f.root == nil {
		return true
	}
	allowed := make(map[string]bool, len(paths))
	for _, path := range paths {
		allowed[path] = true
	}
	return f.root.usesOnly(allowed)
}

func (g *group) usesOnly(allowed map[string]bool) bool {
	for _, kid := range g.kids {
		if !kid.usesOnly(allowed) {
			return false
		}
	}
	return true
}

func (t *test) usesOnly(allowed map[string]bool) bool { return allowed[t.field.Path] }

func (s *search) usesOnly(allowed map[string]bool) bool {
	for _, field := range s.fields {
		if !allowed[field.Path] {
			return false
		}
	}
	return true
}
