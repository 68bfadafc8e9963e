package postgres

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
)

// spoolMemory is how many bytes of a snapshot's rows are kept in memory before
// they go to a temporary file: enough for a few thousand instances, so that only
// large scopes need the file, and many snapshots at once little memory.
const spoolMemory = 2 << 20

// spool keeps encoded rows until they are written. Each has its length before
// it. Not for concurrent use.
type spool struct {
	buf  []byte
	rows int
	file *os.File
}

// add keeps one row, which encode appends to its argument.
func (s *spool) add(encode func([]byte) []byte) error {
	start := len(s.buf)
	s.buf = encode(append(s.buf, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(s.buf[start:], uint32(len(s.buf)-start-4))
	s.rows++
	if len(s.buf) < spoolMemory {
		return nil
	}
	return s.flush()
}

func (s *spool) flush() error {
	if s.file == nil {
		file, err := os.CreateTemp("", "rollcall-snapshot-")
		if err != nil {
			return noRoom(err)
		}
		s.file = file
	}
	if _, err := s.file.Write(s.buf); err != nil {
		return noRoom(err)
	}
	s.buf = s.buf[:0]
	return nil
}

func noRoom(cause error) error {
	return fault.Unavailable("room for temporary files", cause)
}

// close drops the rows.
func (s *spool) close() error {
	s.buf = nil
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// A binary COPY begins with its signature, flags and the length of an extension
// of its header, and ends with a row of -1 columns.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// copyData are the rows whose uid is wanted, as the input of a binary COPY; each is
// shown to taken, unless that is nil. It can be called many times.
func (s *spool) copyData(wanted func(uuid.UUID) bool, taken func(row []byte)) (io.Reader, error) {
	var rows io.Reader = bytes.NewReader(s.buf)
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return nil, noRoom(err)
		}
		rows = bufio.NewReaderSize(io.MultiReader(s.file, rows), 256<<10)
	}
	return io.MultiReader(
		bytes.NewReader([]byte(copyHeader)),
		&rowFilter{rows: rows, wanted: wanted, taken: taken},
		bytes.NewReader([]byte(copyTrailer)),
	), nil
}

// rowFilter reads the wanted rows of a spool, without their lengths.
type rowFilter struct {
	rows   io.Reader
	wanted func(uuid.UUID) bool
	taken  func(row []byte)
	row    []byte
	rest   []byte // of row
}

// uidAt is where the first column of a row has its value: behind the number of
// columns and its own length.
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

// next reads one row, and keeps it when it is wanted.
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
		return fmt.Errorf("read a row that was set aside: %w", err)
	}
	if f.wanted(uuid.UUID(f.row[uidAt : uidAt+16])) {
		f.rest = f.row
		if f.taken != nil {
			f.taken(f.row)
		}
	}
	return nil
}

// bytesRead moves what there is of rest to p; io.EOF when there is nothing.
func bytesRead(p []byte, rest *[]byte) (int, error) {
	if len(*rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, *rest)
	*rest = (*rest)[n:]
	return n, nil
}
