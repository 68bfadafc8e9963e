package postgres

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// copiedFields are the fields that have a column in a row of encoder, in its order.
var copiedFields = contentColumns()

// copyColumns are the columns of a row as encoder writes it.
var copyColumns = func() string {
	columns := []string{"uid", "scope", "fence", "first_seen_time", "change_time", "content_hash"}
	for _, f := range copiedFields {
		columns = append(columns, f.Name)
	}
	return strings.Join(append(columns, "details", "observe_time"), ", ")
}()

// firstFieldColumn is the position of the first of copiedFields among copyColumns.
const firstFieldColumn = 6

// encoder writes instances as rows of COPY … WITH (FORMAT binary); see the
// section "Binary Format" of Postgres's page on COPY. Encoding as they stream in
// keeps neither the instances nor a second form of them. Not for concurrent use.
type encoder struct {
	scope uuid.UUID
	fence int64
	// time is that of the observation.
	time time.Time
	// single is set for the observation of a single instance, of which the time
	// is kept with the row.
	single bool

	keys []string
}

// row appends one row to b.
func (e *encoder) row(b []byte, i *inventory.Instance) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(firstFieldColumn+len(copiedFields)+2))
	b = appendBytes(b, i.UID[:])
	b = appendBytes(b, e.scope[:])
	b = appendInt8(b, e.fence)
	b = appendTime(b, e.time)
	b = appendTime(b, e.time)
	b = appendBytes(b, i.Hash[:])
	for _, f := range copiedFields {
		b = e.column(b, f.Pointer(i))
	}
	b, start := beginJSON(b)
	b = endJSON(inventory.AppendDetails(b, i), start)
	if e.single {
		return appendTime(b, e.time)
	}
	return appendNull(b)
}

// column appends the value that the pointer points to.
func (e *encoder) column(b []byte, value any) []byte {
	switch value := value.(type) {
	case *string:
		return appendText(b, *value)
	case *[]string:
		return appendTexts(b, *value)
	case *time.Time:
		return appendTime(b, *value)
	case *map[string]string:
		b, start := beginJSON(b)
		b, e.keys = inventory.AppendTextMap(b, *value, e.keys)
		return endJSON(b, start)
	}
	panic("postgres: a field has a type that no column supports")
}

func appendNull(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff) }

func appendText(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...)
}

func appendBytes(b, value []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

func appendInt8(b []byte, value int64) []byte {
	b = binary.BigEndian.AppendUint32(b, 8)
	return binary.BigEndian.AppendUint64(b, uint64(value))
}

// epoch is Postgres's: timestamps count microseconds from it.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// appendTime appends a timestamptz; null when it is unset.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return appendNull(b)
	}
	return appendInt8(b, t.UnixMicro()-epoch)
}

// textOID is the type text in the header of an array.
const textOID = 25

// appendTexts appends a text[] of one dimension.
func appendTexts(b []byte, texts []string) []byte {
	if len(texts) == 0 {
		b = binary.BigEndian.AppendUint32(b, 12)
		b = binary.BigEndian.AppendUint32(b, 0) // dimensions
		b = binary.BigEndian.AppendUint32(b, 0) // no nulls
		return binary.BigEndian.AppendUint32(b, textOID)
	}
	size := 20
	for _, text := range texts {
		size += 4 + len(text)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = binary.BigEndian.AppendUint32(b, 1) // dimensions
	b = binary.BigEndian.AppendUint32(b, 0) // no nulls
	b = binary.BigEndian.AppendUint32(b, textOID)
	b = binary.BigEndian.AppendUint32(b, uint32(len(texts)))
	b = binary.BigEndian.AppendUint32(b, 1) // index of the first
	for _, text := range texts {
		b = appendText(b, text)
	}
	return b
}

// jsonbVersion stands before the text of a jsonb in binary form.
const jsonbVersion = 1

// beginJSON begins a jsonb value. endJSON fills in its length.
func beginJSON(b []byte) (_ []byte, start int) {
	start = len(b)
	return append(b, 0, 0, 0, 0, jsonbVersion), start
}

func endJSON(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}
