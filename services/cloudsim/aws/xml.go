package aws

import (
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// document is an XML document being written. It appends to one reused buffer: a response with 1,000
// instances has about 200,000 elements, which would be slow through the reflection of encoding/xml.
type document struct {
	b []byte
}

// documents holds buffers for reuse. A page of 1,000 instances takes about 5 MB.
var documents = sync.Pool{New: func() any { return &document{b: make([]byte, 0, 64<<10)} }}

func newDocument() *document {
	d := documents.Get().(*document)
	d.b = d.b[:0]
	return d
}

func (d *document) free() { documents.Put(d) }

// raw writes markup without escaping.
func (d *document) raw(markup string) { d.b = append(d.b, markup...) }

func (d *document) open(name string) {
	d.b = append(d.b, '<')
	d.b = append(d.b, name...)
	d.b = append(d.b, '>')
}

func (d *document) close(name string) {
	d.b = append(d.b, '<', '/')
	d.b = append(d.b, name...)
	d.b = append(d.b, '>')
}

// text writes an element with escaped text.
func (d *document) text(name, value string) {
	d.open(name)
	d.escape(value)
	d.close(name)
}

// optional writes an element unless its text is empty.
func (d *document) optional(name, value string) {
	if value != "" {
		d.text(name, value)
	}
}

// word writes an element whose text needs no escaping.
func (d *document) word(name, value string) {
	d.open(name)
	d.b = append(d.b, value...)
	d.close(name)
}

func (d *document) number(name string, value int) {
	d.open(name)
	d.b = strconv.AppendInt(d.b, int64(value), 10)
	d.close(name)
}

func (d *document) boolean(name string, value bool) {
	d.open(name)
	d.b = strconv.AppendBool(d.b, value)
	d.close(name)
}

// time writes a time like AWS: UTC with milliseconds.
func (d *document) time(name string, t time.Time) {
	d.open(name)
	d.b = t.UTC().AppendFormat(d.b, "2006-01-02T15:04:05.000Z")
	d.close(name)
}

// id writes an element with a prefix and 17 hexadecimal digits, the format of EC2's ids.
func (d *document) id(name, prefix string, n uint64) {
	d.open(name)
	d.b = append(d.b, prefix...)
	d.b = append(d.b, '0')
	d.hex(n)
	d.close(name)
}

// hex writes 16 hexadecimal digits.
func (d *document) hex(n uint64) {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		d.b = append(d.b, digits[n>>shift&15])
	}
}

// escape writes text with escaping. Characters that XML 1.0 cannot represent become U+FFFD.
func (d *document) escape(text string) {
	if !strings.ContainsFunc(text, special) {
		d.b = append(d.b, text...)
		return
	}
	for _, c := range text {
		switch {
		case c == '&':
			d.raw("&amp;")
		case c == '<':
			d.raw("&lt;")
		case c == '>':
			d.raw("&gt;")
		case c == '"':
			d.raw("&quot;")
		case c == '\t' || c == '\n' || c == '\r':
			d.raw("&#") // XML readers normalise unescaped line ends
			d.b = strconv.AppendInt(d.b, int64(c), 10)
			d.raw(";")
		case c < ' ' || c == 0xfffe || c == 0xffff:
			d.raw("\uFFFD")
		default:
			d.b = utf8.AppendRune(d.b, c)
		}
	}
}

// special reports whether a character needs escaping in XML.
func special(c rune) bool {
	return c < ' ' || c == '&' || c == '<' || c == '>' || c == '"' || c >= 0xfffd
}
