package postgres

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Rows are read as they came, in the binary form that encode.go writes: a page of
// a thousand instances has twenty-two thousand columns, and a large scope a hundred
// thousand rows in every re-read.

// inBinary checks that the columns come in the form that is read here: the one that
// pgx asks for unless the URL of the database tells it otherwise.
func inBinary(rows pgx.Rows) error {
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

var errNotBinary = errors.New("the database sends text where binary is read: leave default_query_exec_mode out of its URL")

// eachRow calls take for each row, with its columns as they came.
func eachRow(rows pgx.Rows, take func(raw [][]byte) error) error {
	defer rows.Close()
	for first := true; rows.Next(); first = false {
		if first {
			if err := inBinary(rows); err != nil {
				return err
			}
		}
		if err := take(rows.RawValues()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// readTime is the zero time for NULL.
func readTime(raw []byte) time.Time {
	if raw == nil {
		return time.Time{}
	}
	return time.UnixMicro(epoch + readInt8(raw)).UTC()
}

func readInt8(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw)) }

// readTexts appends the elements of a text[] of one dimension, none of them NULL.
func readTexts(texts [][]byte, raw []byte) [][]byte {
	const header = 12   // dimensions, whether there are NULLs, the type
	const dimension = 8 // its length, and the index of its first
	if len(raw) < header+dimension {
		return texts // no dimensions: it is empty
	}
	for rest := raw[header+dimension:]; len(rest) >= 4; {
		size := binary.BigEndian.Uint32(rest)
		texts = append(texts, rest[4:4+size])
		rest = rest[4+size:]
	}
	return texts
}
