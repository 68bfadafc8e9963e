package inventory

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Hash is a content hash: the first half of a SHA-256. It is a cryptographic hash because people
// choose labels, and must not be able to make a change that goes unnoticed.
type Hash [16]byte

// Hasher computes content hashes and reuses its buffers. It is not safe for concurrent use.
type Hasher struct {
	buf    []byte
	labels []label
}

type label struct{ key, value string }

// Content cleans i (see Instance.Clean) and returns the hash of its content fields. The order of
// labels does not matter; that of addresses does, because the first one is the primary one.
//
// Empty fields are left out, so that a field added by a new version of Rollcall does not change the
// hash of an instance that has no value for it.
func (h *Hasher) Content(i *Instance) Hash {
	i.cleanValues()
	h.encode(i)
	// Everything but the texts of the instance is encoded as ASCII without NUL. One scan of the
	// buffer therefore finds what would otherwise take a scan of each text.
	if bytes.IndexByte(h.buf, 0) >= 0 || !utf8.Valid(h.buf) {
		i.cleanTexts()
		h.encode(i)
	}
	sum := sha256.Sum256(h.buf)
	return Hash(sum[:len(Hash{})])
}

func (h *Hasher) encode(i *Instance) {
	h.buf = h.buf[:0]
	for section := range contentFields {
		if !Section(section).In(i) {
			continue
		}
		h.flag(sectionTags[section], section != int(Common))
		for _, f := range contentFields[section] {
			h.field(f.tag, f.pointer(i))
		}
	}
}

// field adds the value that the pointer points to.
func (h *Hasher) field(tag byte, value any) {
	switch value := value.(type) {
	case *string:
		h.text(tag, *value)
	case *bool:
		h.flag(tag, *value)
	case *int32:
		h.number(tag, int64(*value))
	case *int64:
		h.number(tag, *value)
	case *time.Time:
		h.time(tag, *value)
	case *[]string:
		for _, text := range *value {
			h.element(tag, text)
		}
	case *map[string]string:
		h.pairs(tag, *value)
	}
}

// pairs adds the keys with the tag, and the values with the next tag.
func (h *Hasher) pairs(tag byte, labels map[string]string) {
	h.labels = h.labels[:0]
	for key, value := range labels {
		h.labels = append(h.labels, label{key, value})
	}
	slices.SortFunc(h.labels, func(a, b label) int { return strings.Compare(a.key, b.key) })
	for _, l := range h.labels {
		h.element(tag, l.key)
		h.text(tag+1, l.value)
	}
}

// text adds a text unless it is empty.
func (h *Hasher) text(tag byte, value string) {
	if value != "" {
		h.element(tag, value)
	}
}

// element adds a text, even if it is empty. Its length separates it from the next one.
func (h *Hasher) element(tag byte, value string) {
	h.buf = appendNumber(append(h.buf, tag), uint64(len(value)))
	h.buf = append(h.buf, value...)
}

// number adds a number unless it is 0.
func (h *Hasher) number(tag byte, value int64) {
	if value != 0 {
		h.buf = appendNumber(append(h.buf, tag), uint64(value))
	}
}

// flag adds the tag alone if the value is true.
func (h *Hasher) flag(tag byte, value bool) {
	if value {
		h.buf = append(h.buf, tag)
	}
}

// time adds a time unless it is the zero time. The Unix time 0 is not the zero time.
func (h *Hasher) time(tag byte, value time.Time) {
	if !value.IsZero() {
		h.buf = appendNumber(append(h.buf, tag), uint64(value.UnixMicro()))
	}
}

// appendNumber appends a number with five bits to a byte, the lowest bits first. The last byte has
// another high part than the others. All bytes are printable ASCII.
func appendNumber(b []byte, value uint64) []byte {
	for value >= 1<<5 {
		b = append(b, byte(value&0x1f)|0x60)
		value >>= 5
	}
	return append(b, byte(value)|0x40)
}
