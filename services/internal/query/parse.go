package query

import (
	"strings"
	"unicode/utf8"
)

// The limits of a filter. They bound its SQL, and the stack that parsing it takes.
const (
	// MaxFilterChars is the largest number of characters of a filter.
	MaxFilterChars = 8192
	// MaxFilterTerms is the largest number of comparisons and words in a filter.
	MaxFilterTerms = 256
	// MaxFilterDepth is the largest depth of nested parentheses in a filter.
	MaxFilterDepth = 32
)

// parser parses a filter by the grammar of AIP-160 (https://google.aip.dev/assets/misc/ebnf-filtering.txt). Each
// rule has a method.
type parser struct {
	source
	pos   int  // of the next byte to read
	depth int  // of open parentheses
	terms int  // read so far
	inArg bool // inside the parentheses of an argument
}

// parse parses a filter that is not blank.
func parse(text string) (node, error) {
	p := &parser{source: source{field: "filter", text: text}}
	if err := p.checkText(MaxFilterChars); err != nil {
		return nil, err
	}
	n, err := p.expression(p.restriction)
	if err != nil {
		return nil, err
	}
	if !p.done() {
		return nil, p.mistake(p.pos, "there is no `(` for this %s", shown(p.rest()[:1]))
	}
	return n, nil
}

// rule parses one thing.
type rule func() (node, error)

// expression = sequence {WS AND WS sequence}, sequence = factor {WS factor}.
// Both mean that all conditions must hold. It ends at the end of the filter or before a closing parenthesis.
func (p *parser) expression(simple rule) (node, error) {
	var all []node
	for {
		p.skipSpace()
		n, err := p.factor(simple)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
		end := p.pos
		p.skipSpace()
		switch {
		case p.done() || p.at(")"):
			return join(false, all), nil
		case p.keyword("AND"):
		case p.pos == end:
			return nil, p.unexpected("a blank, AND or OR")
		}
	}
}

// factor = term {WS OR WS term}. OR binds tighter than AND.
func (p *parser) factor(simple rule) (node, error) {
	var anyOf []node
	for {
		p.skipSpace()
		n, err := p.term(simple)
		if err != nil {
			return nil, err
		}
		anyOf = append(anyOf, n)
		end := p.pos
		p.skipSpace()
		if !p.keyword("OR") {
			p.pos = end
			return join(true, anyOf), nil
		}
	}
}

// term = [(NOT WS | MINUS)] (simple | composite).
func (p *parser) term(simple rule) (node, error) {
	start, not := p.pos, false
	switch {
	case p.keyword("NOT"):
		not = true
		p.skipSpace()
	case p.at("-") && (!p.inArg || !p.atNumber()):
		not = true
		p.pos++
	}
	read := simple
	if p.at("(") {
		read = func() (node, error) { return p.composite(simple) }
	}
	n, err := read()
	if err != nil || !not {
		return n, err
	}
	return &negation{kid: n, at: start}, nil
}

// composite = LPAREN expression RPAREN.
func (p *parser) composite(simple rule) (node, error) {
	open := p.pos
	if p.depth++; p.depth > MaxFilterDepth {
		return nil, p.mistake(open, "parentheses nest deeper than %d", MaxFilterDepth)
	}
	p.pos++
	n, err := p.expression(simple)
	if err != nil {
		return nil, err
	}
	if !p.at(")") {
		return nil, p.mistake(open, "this `(` is never closed")
	}
	p.pos++
	p.depth--
	return n, nil
}

// restriction = comparable [comparator arg]. Without a comparator it is a word to search for.
func (p *parser) restriction() (node, error) {
	start := p.pos
	path, word, err := p.comparable()
	if err != nil {
		return nil, err
	}
	end := p.pos
	p.skipSpace()
	opAt := p.pos
	op, err := p.comparator()
	if err != nil {
		return nil, err
	}
	if op == "" {
		p.pos = end
		return word, p.count(start)
	}
	raw := p.text[start:end]
	for _, name := range path {
		if name == "" {
			return nil, p.mistake(start, "%s is not the name of a field", shown(raw))
		}
	}
	p.skipSpace()
	arg, err := p.argument(op)
	if err != nil {
		return nil, err
	}
	return &comparison{path: path, raw: raw, op: op, arg: arg, at: start, opAt: opAt}, nil
}

// comparable parses a path, such as labels."a b".c. It is a word unless a comparator follows.
func (p *parser) comparable() (path []string, word *literal, err error) {
	start := p.pos
	if err := p.checkStart("a field or a word"); err != nil {
		return nil, nil, err
	}
	word = &literal{at: start}
	for {
		if p.at(`"`) || p.at("'") {
			s, err := p.quoted()
			if err != nil {
				return nil, nil, err
			}
			path, word.text = append(path, s.text), s.text
			word.openStart, word.openEnd = s.openStart, s.openEnd
		} else {
			path = append(path, p.run(func(r rune) bool { return r != '.' && isWord(r) }))
		}
		if !p.at(".") {
			break
		}
		p.pos++
	}
	if p.at("(") {
		return nil, nil, p.mistake(start, "there is no function %s",
			shown(p.text[start:p.pos]))
	}
	if len(path) > 1 || !isQuote(p.text[start]) {
		word.setBare(strings.Join(path, "."))
		word.path = path
	}
	return path, word, nil
}

var comparators = []string{"<=", ">=", "!=", "=", "<", ">", ":"}

// comparator parses a comparator; "" if there is none.
func (p *parser) comparator() (string, error) {
	for _, wrong := range [][2]string{{"==", "="}, {"<>", "!="}, {"=~", ":"}, {"!:", "NOT with :"}} {
		if p.at(wrong[0]) {
			return "", p.mistake(p.pos, "there is no comparator `%s`; use %s", wrong[0], wrong[1])
		}
	}
	for _, op := range comparators {
		if p.at(op) {
			p.pos += len(op)
			return op, nil
		}
	}
	if p.at("!") {
		return "", p.mistake(p.pos, "there is no comparator `!`; use != or NOT")
	}
	return "", nil
}

// argument = value | function | composite of values.
func (p *parser) argument(op string) (node, error) {
	if p.at("(") {
		p.inArg = true
		defer func() { p.inArg = false }()
		return p.composite(func() (node, error) { return p.value("a value") })
	}
	return p.value("a value after `" + op + "`")
}

// value parses a literal or a function of one. AIP-160 allows only literals after a comparator. All characters up
// to a blank, a parenthesis or a comparator other than `:` therefore belong to the value: addresses, timestamps and
// resource names need no quotes.
func (p *parser) value(wanted string) (node, error) {
	start := p.pos
	if err := p.checkStart(wanted); err != nil {
		return nil, err
	}
	if err := p.count(start); err != nil {
		return nil, err
	}
	if p.at(`"`) || p.at("'") {
		return p.quoted()
	}
	text := p.run(func(r rune) bool { return r == ':' || isWord(r) })
	if text == "" {
		return nil, p.unexpected(wanted)
	}
	if p.at("(") {
		return p.function(text, start)
	}
	n := &literal{at: start}
	n.setBare(text)
	return n, nil
}

// function = name LPAREN value RPAREN.
func (p *parser) function(name string, start int) (node, error) {
	if name != "timestamp" && name != "duration" {
		return nil, p.mistake(start, "there is no function %s; there are `timestamp` and `duration`", shown(name))
	}
	p.pos++
	p.skipSpace()
	if err := p.checkStart("a value in " + name + "(…)"); err != nil {
		return nil, err
	}
	var arg *literal
	if p.at(`"`) || p.at("'") {
		s, err := p.quoted()
		if err != nil {
			return nil, err
		}
		arg = s
	} else {
		arg = &literal{at: p.pos}
		arg.setBare(p.run(func(r rune) bool { return r == ':' || isWord(r) }))
	}
	p.skipSpace()
	if !p.at(")") {
		return nil, p.unexpected("`)` after the value of " + name)
	}
	p.pos++
	arg.fn = name
	return arg, nil
}

// checkStart returns an error if no name or value can begin at the position.
func (p *parser) checkStart(wanted string) error {
	r, _ := utf8.DecodeRuneInString(p.rest())
	switch {
	case p.done() || !isWord(r):
		return p.unexpected(wanted)
	case p.sees("AND") || p.sees("OR") || p.sees("NOT"):
		return p.unexpected(wanted)
	}
	for _, small := range []string{"and", "or", "not"} {
		if word := p.peekWord(); strings.EqualFold(word, small) {
			return p.mistake(p.pos, "write %s in capitals, or in quotes if you mean the word", shown(word))
		}
	}
	return nil
}

// unexpected returns the error for a position at which something else should be.
func (p *parser) unexpected(wanted string) error {
	if p.done() {
		return p.mistake(p.pos, "the filter ends where %s should be", wanted)
	}
	found := p.peekWord()
	if found == "" {
		_, size := utf8.DecodeRuneInString(p.rest())
		found = p.rest()[:size]
	}
	return p.mistake(p.pos, "found %s where %s should be", shown(found), wanted)
}

// count counts one term.
func (p *parser) count(at int) error {
	if p.terms++; p.terms > MaxFilterTerms {
		return p.mistake(at, "a filter has at most %d terms", MaxFilterTerms)
	}
	return nil
}
