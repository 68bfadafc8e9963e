package query

// The syntax tree of a filter: what was written, before anybody asked whether
// the fields exist.
type (
	// node is one of junction, negation, comparison and literal.
	node interface{ offset() int }

	// junction is AND or OR of two or more.
	junction struct {
		or   bool
		kids []node
	}

	// negation is NOT of one.
	negation struct {
		kid node
		at  int
	}

	// comparison is a field, a comparator and an argument, which is a literal or
	// junctions and negations of literals.
	comparison struct {
		path []string
		raw  string // the path as it was written
		op   string
		arg  node
		at   int
		opAt int
	}

	// literal is a value. Standing alone, not after a comparator, it is a word to
	// search for.
	literal struct {
		text string
		path []string // when it stands alone and could name a field
		fn   string   // "timestamp" or "duration" around it
		at   int
		// openStart and openEnd: a wildcard stands at this end. It is still part
		// of text.
		openStart, openEnd bool
	}
)

func (n *junction) offset() int   { return n.kids[0].offset() }
func (n *negation) offset() int   { return n.at }
func (n *comparison) offset() int { return n.at }
func (n *literal) offset() int    { return n.at }

// join makes one junction of kids, taking in those that are of the same sort.
func join(or bool, kids []node) node {
	if len(kids) == 1 {
		return kids[0]
	}
	flat := &junction{or: or}
	for _, kid := range kids {
		if inner, ok := kid.(*junction); ok && inner.or == or {
			flat.kids = append(flat.kids, inner.kids...)
			continue
		}
		flat.kids = append(flat.kids, kid)
	}
	return flat
}
