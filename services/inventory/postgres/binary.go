package postgres

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Rows are read in the binary form in which they arrive, without a conversion by pgx: a page of a
// thousand instances has twenty-two thousand columns, and a sync of a large scope reads a hundred
// thousand rows.

// requireBinary returns an error unless the columns are in binary form. pgx asks for that form unless
// the URL of the database says otherwise.
func requireBinary(rows pgx.Rows) error {
	for _, field := range rows.FieldDescriptions() {
		switch field.DataTypeOID {
		case pgtype.UUIDOID, pgtype.TimestamptzOID, pgtype.ByteaOID, pgtype.TextArrayOID, pgtype.Int8OID:
			if field.Format != pgtype.BinaryFormatCode {
				return errNotBinary
			}
		}
	}
	return nil
}

var errNotBinary = errors.New("the database sends rows as text, which the inventory can't read: remove default_query_exec_mode from its URL")

// EachRow calls take for each row with its columns in binary form, and closes the rows.
func EachRow(rows pgx.Rows, take func(raw [][]byte) error) error {
	defer rows.Close()
	for first := true; rows.Next(); first = false {
		if first {
			if err := requireBinary(rows); err != nil {
				return err
			}
		}
		if err := take(rows.RawValues()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Epoch is that of Postgres, in microseconds of Unix time: timestamps count microseconds from it.
var Epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// ReadTime reads a timestamptz. NULL is the zero time.
func ReadTime(raw []byte) time.Time {
	if raw == nil {
		return time.Time{}
	}
	return time.UnixMicro(Epoch + ReadInt8(raw)).UTC()
}

// ReadInt8 reads a bigint.
func ReadInt8(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw)) }

// ReadTexts appends the elements of a text[] of one dimension without NULLs.
func ReadTexts(texts [][]byte, raw []byte) [][]byte {
	const header = 12   // the number of dimensions, whether there are NULLs, and the type
	const dimension = 8 // its length, and the index of its first element
	if len(raw) < header+dimension {
		return texts // without dimensions it is empty
	}
	for rest := raw[header+dimension:]; len(rest) >= 4; {
		size := binary.BigEndian.Uint32(rest)
		texts = append(texts, rest[4:4+size])
		rest = rest[4+size:]
	}
	return texts
}
