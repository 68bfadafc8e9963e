package pgserver

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// folder is the folder of one server.
type folder struct{ dir string }

func (f folder) lock() string     { return filepath.Join(f.dir, "lock") }
func (f folder) password() string { return filepath.Join(f.dir, "password") }
func (f folder) data() string     { return filepath.Join(f.dir, "data") }
func (f folder) log() string      { return filepath.Join(f.dir, "postgres.log") }
func (f folder) pidFile() string  { return filepath.Join(f.data(), "postmaster.pid") }

// LockedError is the error of a folder that a live process uses.
type LockedError struct {
	Dir string
	PID int // 0 if the owner has not written it yet
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another rollcall is using this folder: %s", e.Dir)
	}
	return fmt.Sprintf("another rollcall (pid %d) is using this folder: %s", e.PID, e.Dir)
}

// acquire creates and locks the folder. The kernel releases the lock when this process ends.
// The error is a *LockedError if a live process holds the lock.
func (f folder) acquire() (*os.File, error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	file, err := os.OpenFile(f.lock(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			pid, _ := readPID(f.lock())
			return nil, &LockedError{Dir: f.dir, PID: pid}
		}
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err = file.Truncate(0); err == nil {
		_, err = file.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("write the lock of the data folder: %w", err)
	}
	return file, nil
}

// release releases the lock at once. If only the file were closed, a child that was forked and
// does not execute its program yet would keep the lock.
func release(lock *os.File) {
	_ = syscall.Flock(int(lock.Fd()), syscall.LOCK_UN)
	lock.Close()
}

// readPID returns the number in the first line of a file.
func readPID(path string) (int, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	return strconv.Atoi(strings.TrimSpace(string(line)))
}

// readPassword returns the password of the superuser, which is stored beside the data.
func (f folder) readPassword() (string, error) {
	content, err := os.ReadFile(f.password())
	if err != nil {
		return "", fmt.Errorf("the password of the database in %s can't be read: %w", f.dir, err)
	}
	return strings.TrimSpace(string(content)), nil
}

// writePassword creates a new password and makes the user who runs initdb the owner of its
// file.
func (f folder) writePassword(who identity) (string, error) {
	password := rand.Text()
	if err := os.WriteFile(f.password(), []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the password: %w", err)
	}
	if err := who.own(f.password()); err != nil {
		return "", err
	}
	return password, nil
}

// major returns the major version of the cluster, or 0 if there is none.
func (f folder) major() (int, error) {
	content, err := os.ReadFile(filepath.Join(f.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("the data in %s have an unknown version: %w", f.data(), err)
	}
	return major, nil
}
