package gcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// selection is the part of a response that the parameter `fields` selects: the selected members by
// name, "*" for any. An empty selection selects the whole member. See "Partial response" in
// Google's performance tips.
type selection map[string]selection

// parseFields parses a value such as `nextPageToken,items/*/instances(id,disks/licenses)`. Google
// rejects unknown names; here they select nothing, because a document has no schema.
func parseFields(text string) (selection, error) {
	p, selected := fieldParser{rest: text}, selection{}
	if !p.list(selected) || p.rest != "" {
		return nil, invalid("Invalid field selection %s", text)
	}
	return selected, nil
}

// Partial returns the part of a response that the parameter `fields` selects, for tests that
// replace a response. It fails if one of them cannot be parsed.
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

// fieldParser parses a list of fields. rest is the unparsed text.
type fieldParser struct{ rest string }

// list parses a comma-separated list into a selection.
func (p *fieldParser) list(into selection) bool {
	for p.path(into) {
		if !p.take(',') {
			return true
		}
	}
	return false
}

// path parses names separated by slashes, and the list in parentheses after them.
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

// of returns the selection within a member, and whether the member is selected.
func (s selection) of(name []byte) (selection, bool) {
	within, wanted := s[string(name)]
	if !wanted {
		within, wanted = s["*"]
	}
	return within, wanted
}

// pick reduces a finished document to the selected part.
func (d *document) pick(selected selection) {
	from := newDocument()
	defer from.free()
	from.b, d.b = d.b, from.b
	p := picker{from: from.b, to: d}
	p.value(selected)
}

// picker copies the selected part of a document. It requires valid JSON without spaces.
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

// member copies a member of an object if it is selected.
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

// each calls member for each member of an object or element of an array, and writes the brackets.
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

// skip skips one value.
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
				return // the end of the enclosing object or array
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

// skipString skips a string.
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
