package query

// The syntax tree of a filter: what was written, before the fields are looked up.
type (
	// node is one of junction, negation, comparison and literal.
	node interface{ offset() int }

	// junction is AND or OR of two or more nodes.
	junction struct {
		or   bool
		kids []node
	}

	// negation is NOT of a node.
	negation struct {
		kid node
		at  int
	}

	// comparison is a field, a comparator and an argument. The argument is a literal, or junctions and
	// negations of literals.
	comparison struct {
		path []string
		raw  string // the path as it was written
		op   string
		arg  node
		at   int
		opAt int
	}

	// literal is a value. Without a comparator before it, it is a word to search for.
	literal struct {
		text string
		path []string // if it has no comparator and could name a field
		fn   string   // "timestamp" or "duration" around it
		at   int
		// openStart and openEnd report a wildcard at this end. It is still a part of text.
		openStart, openEnd bool
	}
)

func (n *junction) offset() int   { return n.kids[0].offset() }
func (n *negation) offset() int   { return n.at }
func (n *comparison) offset() int { return n.at }
func (n *literal) offset() int    { return n.at }

// join returns one junction of kids. It merges the kids that are junctions of the same operator.
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
