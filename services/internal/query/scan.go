package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func (p *parser) done() bool { return p.pos >= len(p.text) }

func (p *parser) rest() string { return p.text[p.pos:] }

func (p *parser) at(prefix string) bool { return strings.HasPrefix(p.rest(), prefix) }

// atNumber tells whether a negative number is next.
func (p *parser) atNumber() bool {
	return len(p.rest()) > 1 && p.rest()[0] == '-' && unicode.IsDigit(rune(p.rest()[1]))
}

func (p *parser) skipSpace() { p.run(unicode.IsSpace) }

// run reads as long as the characters are of a sort.
func (p *parser) run(sort func(rune) bool) string {
	start := p.pos
	for !p.done() {
		r, size := utf8.DecodeRuneInString(p.rest())
		if !sort(r) {
			break
		}
		p.pos += size
	}
	return p.text[start:p.pos]
}

// peekWord is the word that begins here, unread.
func (p *parser) peekWord() string {
	start := p.pos
	word := p.run(isWord)
	p.pos = start
	return word
}

// sees tells whether this keyword is next: the whole word, in capitals.
func (p *parser) sees(keyword string) bool { return p.peekWord() == keyword }

// keyword reads this keyword when it is next.
func (p *parser) keyword(keyword string) bool {
	if !p.sees(keyword) {
		return false
	}
	p.pos += len(keyword)
	return true
}

// isWord tells what words are made of: all but blanks and the characters that
// mean something.
func isWord(r rune) bool {
	return !strings.ContainsRune(`(),=<>!:`, r) && !unicode.IsSpace(r)
}

func isQuote(b byte) bool { return b == '"' || b == '\'' }
