package gcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// selection is what of an answer is wanted, as the parameter `fields` of all of Google's services says it: the wanted
// members by their names, "*" for any. A member with an empty selection is wanted whole. See "Partial response" in
// Google's performance tips.
type selection map[string]selection

// parseFields reads such as `nextPageToken,items/*/instances(id,disks/licenses)`. Names that no answer has are refused by
// Google, and select nothing here: a document does not know what it could have.
func parseFields(text string) (selection, error) {
	p, selected := fieldParser{rest: text}, selection{}
	if !p.list(selected) || p.rest != "" {
		return nil, invalid("Invalid field selection %s", text)
	}
	return selected, nil
}

// Partial leaves of an answer what the parameter `fields` wants of it, for tests that answer in a cloud's place. It fails
// when one of them can't be read.
func Partial(answer []byte, fields string) ([]byte, error) {
	selected, err := parseFields(fields)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, answer); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	d := &document{b: compact.Bytes()}
	d.pick(selected)
	return d.b, nil
}

// fieldParser reads a list of fields; rest is what it has not read.
type fieldParser struct{ rest string }

// list reads what stands between commas, into a selection.
func (p *fieldParser) list(into selection) bool {
	for p.path(into) {
		if !p.take(',') {
			return true
		}
	}
	return false
}

// path reads names between slashes, and what is in the brackets behind them.
func (p *fieldParser) path(into selection) bool {
	end := strings.IndexAny(p.rest, ",/()")
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	if name == "" {
		return false
	}
	within, known := into[name]
	whole := known && len(within) == 0
	if within == nil {
		within = selection{}
	}
	switch {
	case p.take('/'):
		if !p.path(within) {
			return false
		}
	case p.take('('):
		if !p.list(within) || !p.take(')') {
			return false
		}
	default:
		whole = true
	}
	if whole {
		within = nil
	}
	into[name] = within
	return true
}

func (p *fieldParser) take(sign byte) bool {
	if p.rest == "" || p.rest[0] != sign {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// of tells whether a member is wanted, and what of it.
func (s selection) of(name []byte) (selection, bool) {
	within, wanted := s[string(name)]
	if !wanted {
		within, wanted = s["*"]
	}
	return within, wanted
}

// pick leaves of a finished document what is selected.
func (d *document) pick(selected selection) {
	from := newDocument()
	defer from.free()
	from.b, d.b = d.b, from.b
	p := picker{from: from.b, to: d}
	p.value(selected)
}

// picker copies what is selected. It reads what a document wrote: JSON without a mistake and without spaces.
type picker struct {
	from []byte
	at   int
	to   *document
}

func (p *picker) value(selected selection) {
	switch opening := p.from[p.at]; {
	case len(selected) > 0 && opening == '{':
		p.each('{', '}', func() { p.member(selected) })
	case len(selected) > 0 && opening == '[':
		p.each('[', ']', func() {
			p.to.next()
			p.value(selected)
		})
	default:
		start := p.at
		p.skip()
		p.to.b = append(p.to.b, p.from[start:p.at]...)
	}
}

// member copies a member of an object, if it is wanted.
func (p *picker) member(selected selection) {
	start := p.at
	p.skipString()
	key := p.from[start:p.at]
	p.at++ // the colon
	within, wanted := selected.of(key[1 : len(key)-1])
	if !wanted {
		p.skip()
		return
	}
	p.to.next()
	p.to.b = append(append(p.to.b, key...), ':')
	p.value(within)
}

// each goes through the members of an object or an array, which is written anew.
func (p *picker) each(opening, closing byte, member func()) {
	p.to.b = append(p.to.b, opening)
	for p.at++; p.from[p.at] != closing; {
		member()
		if p.from[p.at] == ',' {
			p.at++
		}
	}
	p.at++
	p.to.b = append(p.to.b, closing)
}

// skip passes over one value.
func (p *picker) skip() {
	depth := 0
	for p.at < len(p.from) {
		switch p.from[p.at] {
		case '"':
			p.skipString()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // the end of what a number or a word stands in
			}
			if depth--; depth == 0 {
				p.at++
				return
			}
		case ',':
			if depth == 0 {
				return
			}
		}
		p.at++
	}
}

// skipString passes over a string.
func (p *picker) skipString() {
	for p.at++; ; p.at++ {
		p.at += bytes.IndexByte(p.from[p.at:], '"')
		escapes := 0
		for p.from[p.at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			p.at++
			return
		}
	}
}
