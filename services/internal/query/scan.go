package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func (p *parser) done() bool { return p.pos >= len(p.text) }

func (p *parser) rest() string { return p.text[p.pos:] }

func (p *parser) at(prefix string) bool { return strings.HasPrefix(p.rest(), prefix) }

// atNumber reports whether a negative number is next.
func (p *parser) atNumber() bool {
	return len(p.rest()) > 1 && p.rest()[0] == '-' && unicode.IsDigit(rune(p.rest()[1]))
}

func (p *parser) skipSpace() { p.run(unicode.IsSpace) }

// run reads characters as long as they are accepted.
func (p *parser) run(accept func(rune) bool) string {
	start := p.pos
	for !p.done() {
		r, size := utf8.DecodeRuneInString(p.rest())
		if !accept(r) {
			break
		}
		p.pos += size
	}
	return p.text[start:p.pos]
}

// peekWord returns the word at the position without reading it.
func (p *parser) peekWord() string {
	start := p.pos
	word := p.run(isWord)
	p.pos = start
	return word
}

// sees reports whether the next word is this keyword, in capitals.
func (p *parser) sees(keyword string) bool { return p.peekWord() == keyword }

// keyword reads this keyword if it is next, and reports whether it was.
func (p *parser) keyword(keyword string) bool {
	if !p.sees(keyword) {
		return false
	}
	p.pos += len(keyword)
	return true
}

// isWord reports whether a character can be in a word: it is no blank and has no meaning in the grammar.
func isWord(r rune) bool {
	return !strings.ContainsRune(`(),=<>!:`, r) && !unicode.IsSpace(r)
}

func isQuote(b byte) bool { return b == '"' || b == '\'' }
