package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is the user who runs postgres: for a plain user itself, for root somebody else.
type identity struct {
	uid, gid uint32
	switched bool // the user is not the one of this process
}

// chooseIdentity returns who is to run postgres on the data: root takes the owner of existing data, so that a folder may
// pass from a plain user to root, then postgres, then nobody.
func chooseIdentity(f folder) (identity, error) {
	if uid := os.Geteuid(); uid != 0 {
		return identity{uid: uint32(uid), gid: uint32(os.Getegid())}, checkOwner(f, uint32(uid))
	}
	if info, err := os.Stat(f.data()); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return identity{uid: st.Uid, gid: st.Gid, switched: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if who, err := lookupIdentity(name); err == nil {
			return who, nil
		}
	}
	return identity{}, errors.New("postgres refuses to run as root, and there is neither a user postgres nor nobody: " +
		"run rollcall as a plain user, or set ROLLCALL_DATABASE_URL")
}

// checkOwner explains what postgres would refuse with less to go by: data that belong to another user.
func checkOwner(f folder, uid uint32) error {
	info, err := os.Stat(f.data())
	if err != nil {
		return nil // no data yet, or a folder that initdb will complain about
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != uid {
		return fmt.Errorf("the database in %s belongs to the user with id %d: run rollcall as that user or as root", f.dir, st.Uid)
	}
	return nil
}

func lookupIdentity(name string) (identity, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return identity{}, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return identity{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return identity{}, err
	}
	return identity{uid: uint32(uid), gid: uint32(gid), switched: true}, nil
}

// own gives a file to the user who runs postgres.
func (who identity) own(path string) error {
	if !who.switched {
		return nil
	}
	if err := os.Chown(path, int(who.uid), int(who.gid)); err != nil {
		return fmt.Errorf("giving a file to the user who runs postgres: %w", err)
	}
	return nil
}

// reaches tells whether the mode bits let the user read and enter path and every folder above it.
func (who identity) reaches(path string) bool {
	if !who.switched {
		return true
	}
	for dir := path; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		if !who.mayEnter(info) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func (who identity) mayEnter(info os.FileInfo) bool {
	const execute = 0o1
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return false
	case st.Uid == who.uid:
		return info.Mode().Perm()>>6&execute != 0
	case st.Gid == who.gid:
		return info.Mode().Perm()>>3&execute != 0
	default:
		return info.Mode().Perm()&execute != 0
	}
}
