package postgres

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// copyColumns are the columns of a row as encoder writes it, in its order.
const copyColumns = `uid, scope, fence, first_seen_time, change_time, content_hash,
	account, provider, kind, provider_id, provider_uri, display_name, region, zone,
	state, provider_state, machine_type, private_ips, public_ips, labels, details,
	create_time, observe_time`

const copyColumnCount = 23

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
	b = binary.BigEndian.AppendUint16(b, copyColumnCount)
	b = appendBytes(b, i.UID[:])
	b = appendBytes(b, e.scope[:])
	b = appendInt8(b, e.fence)
	b = appendTime(b, e.time)
	b = appendTime(b, e.time)
	b = appendBytes(b, i.Hash[:])
	for _, text := range [...]string{i.Account, string(i.Provider), string(i.Kind), i.ProviderID, i.ProviderURI,
		i.DisplayName, i.Region, i.Zone, string(i.State), i.ProviderState, i.MachineType} {
		b = appendText(b, text)
	}
	b = appendTexts(b, i.PrivateIPs)
	b = appendTexts(b, i.PublicIPs)
	b = e.appendLabels(b, i.Labels)
	b = appendDetails(b, i)
	b = appendTime(b, i.CreateTime)
	if e.single {
		return appendTime(b, e.time)
	}
	return appendNull(b)
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

// appendLabels appends the labels as jsonb, in the order of their keys.
func (e *encoder) appendLabels(b []byte, labels map[string]string) []byte {
	e.keys = e.keys[:0]
	for key := range labels {
		e.keys = append(e.keys, key)
	}
	slices.Sort(e.keys)
	b, start := beginJSON(b)
	for _, key := range e.keys {
		b = jsonMember(b, key)
		b = jsonString(b, labels[key])
	}
	return endJSON(b, start)
}

// beginJSON opens a jsonb object; endJSON closes it and fills in its length.
func beginJSON(b []byte) (_ []byte, start int) {
	start = len(b)
	return append(b, 0, 0, 0, 0, jsonbVersion, '{'), start
}

func endJSON(b []byte, start int) []byte {
	b = append(b, '}')
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}
