package write

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// StageMemory is the number of bytes of a snapshot's rows that are kept in memory before they are written to
// a temporary file: a few thousand instances, so that only large scopes need the file and many snapshots at
// once need little memory.
const StageMemory = 2 << 20

// stage keeps encoded rows until they are written, each with its length before it. It implements
// ingest.Stage and is not safe for concurrent use.
type stage struct {
	encoder encoder
	buf     []byte
	rows    int
	file    *os.File
}

// Add adds an instance.
func (s *stage) Add(i *inventory.Instance) error {
	start := len(s.buf)
	s.buf = s.encoder.row(append(s.buf, 0, 0, 0, 0), i)
	binary.BigEndian.PutUint32(s.buf[start:], uint32(len(s.buf)-start-4))
	s.rows++
	if len(s.buf) < StageMemory {
		return nil
	}
	return s.flush()
}

func (s *stage) flush() error {
	if s.file == nil {
		file, err := os.CreateTemp("", "rollcall-snapshot-")
		if err != nil {
			return noSpace(err)
		}
		s.file = file
	}
	if _, err := s.file.Write(s.buf); err != nil {
		return noSpace(err)
	}
	s.buf = s.buf[:0]
	return nil
}

func noSpace(cause error) error {
	return fault.Unavailable("space for temporary files", cause)
}

// Close drops the rows.
func (s *stage) Close() error {
	s.buf = nil
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// A binary COPY begins with a signature, flags and the length of an extension of the header. It ends with a
// row of -1 columns.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// copyData returns the rows whose UID is wanted, as the input of a binary COPY. It calls each for every one
// of them. It may be called many times.
func (s *stage) copyData(wanted func(uuid.UUID) bool, each func(row []byte)) (io.Reader, error) {
	var rows io.Reader = bytes.NewReader(s.buf)
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return nil, noSpace(err)
		}
		rows = bufio.NewReaderSize(io.MultiReader(s.file, rows), 256<<10)
	}
	return io.MultiReader(
		bytes.NewReader([]byte(copyHeader)),
		&rowFilter{rows: rows, wanted: wanted, each: each},
		bytes.NewReader([]byte(copyTrailer)),
	), nil
}

// rowFilter reads the wanted rows of a stage, without their lengths.
type rowFilter struct {
	rows   io.Reader
	wanted func(uuid.UUID) bool
	each   func(row []byte)
	row    []byte
	rest   []byte // of row
}

// uidAt is where the first column of a row has its value: after the number of columns and its own length.
const uidAt = 2 + 4

func (f *rowFilter) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(f.rest) == 0 {
			if err := f.next(); err != nil {
				return n, err
			}
			continue
		}
		taken := copy(p[n:], f.rest)
		f.rest = f.rest[taken:]
		n += taken
	}
	return n, nil
}

// next reads one row, and keeps it if it is wanted.
func (f *rowFilter) next() error {
	var length [4]byte
	if _, err := io.ReadFull(f.rows, length[:]); err != nil {
		return err // io.EOF between rows is the end
	}
	size := int(binary.BigEndian.Uint32(length[:]))
	if cap(f.row) < size {
		f.row = make([]byte, size)
	}
	f.row = f.row[:size]
	if _, err := io.ReadFull(f.rows, f.row); err != nil {
		return fmt.Errorf("read a staged row: %w", err)
	}
	if f.wanted(uuid.UUID(f.row[uidAt : uidAt+16])) {
		f.rest = f.row
		f.each(f.row)
	}
	return nil
}

// readFrom moves bytes from rest to p. Errors: io.EOF if there are none.
func readFrom(p []byte, rest *[]byte) (int, error) {
	if len(*rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, *rest)
	*rest = (*rest)[n:]
	return n, nil
}
