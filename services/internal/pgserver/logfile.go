package pgserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxLog is the size in bytes at which postgres.log is rotated. There are at most two parts.
const maxLog = 16 << 20

// logFile is the output of postgres. It is a file and not a pipe, because postgres may outlive
// this process.
type logFile struct {
	file *os.File
	path string
}

func openLog(path string) (*logFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of postgres: %w", err)
	}
	return &logFile{file: file, path: path}, nil
}

// rotate copies a log that is larger than limit and truncates it. Postgres appends to the file,
// so that it continues at the new end. Output between the copy and the truncation is lost.
func (l *logFile) rotate(limit int64) error {
	info, err := l.file.Stat()
	if err != nil || info.Size() < limit {
		return err
	}
	if err := removeFile(l.path + ".1"); err != nil {
		return err
	}
	aside, err := os.OpenFile(l.path+".1", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(aside, io.NewSectionReader(l.file, 0, info.Size()))
	return errors.Join(err, aside.Close(), l.file.Truncate(0))
}

// size returns the size of the log in bytes, for since.
func (l *logFile) size() int64 {
	info, err := l.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// since returns the last lines that were printed after the log had the given size.
func (l *logFile) since(start int64) string {
	const most = 2000 // bytes, some twenty lines
	end := l.size()
	start = max(start, end-most)
	if start >= end {
		return ""
	}
	content := make([]byte, end-start)
	n, _ := l.file.ReadAt(content, start)
	return strings.TrimSpace(string(content[:n]))
}

func (l *logFile) close() error { return l.file.Close() }
