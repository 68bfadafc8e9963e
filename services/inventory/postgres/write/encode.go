package write

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// copiedFields are the fields that have a column in a row of encoder, in its order.
var copiedFields = postgres.ObservedColumns()

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

// encoder writes instances as rows of COPY … WITH (FORMAT binary); see "Binary Format" in the Postgres
// documentation of COPY. Instances are encoded while they arrive, so that neither they nor a second form
// of them is kept. It is not safe for concurrent use.
type encoder struct {
	scope uuid.UUID
	fence int64
	// time is that of the observation.
	time time.Time
	// single is set for the observation of a single instance, whose time is stored with the row.
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

// appendTime appends a timestamptz. The zero time is NULL.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return appendNull(b)
	}
	return appendInt8(b, t.UnixMicro()-postgres.Epoch)
}

// textOID is the OID of the type text, in the header of an array.
const textOID = 25

// appendTexts appends a text[] of one dimension.
func appendTexts(b []byte, texts []string) []byte {
	if len(texts) == 0 {
		b = binary.BigEndian.AppendUint32(b, 12)
		b = binary.BigEndian.AppendUint32(b, 0) // dimensions
		b = binary.BigEndian.AppendUint32(b, 0) // no NULLs
		return binary.BigEndian.AppendUint32(b, textOID)
	}
	size := 20
	for _, text := range texts {
		size += 4 + len(text)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = binary.BigEndian.AppendUint32(b, 1) // dimensions
	b = binary.BigEndian.AppendUint32(b, 0) // no NULLs
	b = binary.BigEndian.AppendUint32(b, textOID)
	b = binary.BigEndian.AppendUint32(b, uint32(len(texts)))
	b = binary.BigEndian.AppendUint32(b, 1) // index of the first element
	for _, text := range texts {
		b = appendText(b, text)
	}
	return b
}

// jsonbVersion precedes the text of a jsonb in binary form.
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
