package gcp

import (
	"encoding/json"
	"strconv"
	"sync"
	"time"
)

// document is a JSON document being written. It appends to one reused buffer: a page of 500 VMs has
// about 40,000 values, which would be slow through the reflection of encoding/json.
type document struct {
	b []byte
}

// documents holds buffers for reuse. A page of 500 VMs takes about 1.5 MB.
var documents = sync.Pool{New: func() any { return &document{b: make([]byte, 0, 64<<10)} }}

func newDocument() *document {
	d := documents.Get().(*document)
	d.b = d.b[:0]
	return d
}

func (d *document) free() { documents.Put(d) }

// raw writes text without escaping.
func (d *document) raw(text string) { d.b = append(d.b, text...) }

// next writes a comma unless the following value is the first of its object or array.
func (d *document) next() {
	if n := len(d.b); n > 0 {
		switch d.b[n-1] {
		case '{', '[', ':':
		default:
			d.b = append(d.b, ',')
		}
	}
}

// key writes the name of a member. Names need no escaping.
func (d *document) key(name string) {
	d.next()
	d.b = append(d.b, '"')
	d.b = append(d.b, name...)
	d.b = append(d.b, '"', ':')
}

// object and array begin a value of that kind. name is "" inside an array and for the outermost
// value.
func (d *document) object(name string) { d.begin(name, '{') }
func (d *document) array(name string)  { d.begin(name, '[') }

func (d *document) begin(name string, bracket byte) {
	if name != "" {
		d.key(name)
	} else {
		d.next()
	}
	d.b = append(d.b, bracket)
}

func (d *document) endObject() { d.b = append(d.b, '}') }
func (d *document) endArray()  { d.b = append(d.b, ']') }

// text writes a string with escaping.
func (d *document) text(name, value string) {
	d.key(name)
	d.quote(value)
}

// word writes the concatenation of parts, which need no escaping, as a string.
func (d *document) word(name string, parts ...string) {
	d.key(name)
	d.b = append(d.b, '"')
	for _, part := range parts {
		d.b = append(d.b, part...)
	}
	d.b = append(d.b, '"')
}

// item writes the concatenation of parts, which need no escaping, as an element of an array.
func (d *document) item(parts ...string) {
	d.next()
	d.b = append(d.b, '"')
	for _, part := range parts {
		d.b = append(d.b, part...)
	}
	d.b = append(d.b, '"')
}

func (d *document) number(name string, value int) {
	d.key(name)
	d.b = strconv.AppendInt(d.b, int64(value), 10)
}

// id writes a 64-bit number like Google: as a string.
func (d *document) id(name string, value uint64) {
	d.key(name)
	d.b = append(d.b, '"')
	d.b = strconv.AppendUint(d.b, value, 10)
	d.b = append(d.b, '"')
}

func (d *document) boolean(name string, value bool) {
	d.key(name)
	d.b = strconv.AppendBool(d.b, value)
}

// pacific is the time zone of Compute Engine's times.
var pacific = time.FixedZone("", -8*60*60)

// time writes a time like Compute Engine: Pacific time with milliseconds and the offset. It writes
// nothing for the zero time.
func (d *document) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	d.key(name)
	d.b = append(d.b, '"')
	d.b = t.In(pacific).AppendFormat(d.b, "2006-01-02T15:04:05.000-07:00")
	d.b = append(d.b, '"')
}

// utc writes a time like most of Google's services.
func (d *document) utc(name string, t time.Time) {
	d.key(name)
	d.b = append(d.b, '"')
	d.b = t.UTC().AppendFormat(d.b, "2006-01-02T15:04:05.000Z")
	d.b = append(d.b, '"')
}

// quote writes a quoted string.
func (d *document) quote(text string) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text) // never fails on a string
			d.b = append(d.b, quoted...)
			return
		}
	}
	d.b = append(d.b, '"')
	d.b = append(d.b, text...)
	d.b = append(d.b, '"')
}
