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

// identity is the user who runs postgres: the user of this process, or another one if that is
// root.
type identity struct {
	uid, gid uint32
	switched bool // the user is not the one of this process
	// alias is the user inside a user namespace (user_namespaces(7)) that is created for
	// postgres: for root that can't become another user, and for users without a name, which
	// initdb refuses. It is not set if there is no namespace.
	alias *identity
}

// chooseIdentity returns the user who runs postgres on the data. For root that is the owner of
// existing data, so that root can use the folder of another user, or else postgres, or else
// nobody.
func chooseIdentity(f folder) (identity, error) {
	self := identity{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	owner, exists := ownerOf(f.data())
	if exists && owner.uid != self.uid && self.uid != 0 {
		return identity{}, fmt.Errorf("the database in %s belongs to the user with id %d: run rollcall as that user or as root", f.dir, owner.uid)
	}
	if self.uid != 0 {
		if _, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil {
			return self, nil
		}
		return self.underAlias()
	}
	if exists && owner.uid != 0 {
		if !maySwitch(owner) {
			return identity{}, fmt.Errorf("the database in %s belongs to the user with id %d, which this root can't become: "+
				"run rollcall as that user", f.dir, owner.uid)
		}
		return owner, nil
	}
	for _, name := range unprivileged {
		if who, err := lookupIdentity(name); err == nil && maySwitch(who) {
			return who, nil
		}
	}
	return self.underAlias()
}

// unprivileged lists the users that run postgres for root, in order of preference.
var unprivileged = []string{"postgres", "nobody"}

// underAlias returns the user with the alias of a user that has a name.
func (who identity) underAlias() (identity, error) {
	for _, name := range unprivileged {
		if alias, err := lookupIdentity(name); err == nil && haveNamespaces {
			who.alias = &alias
			return who, nil
		}
	}
	return identity{}, fmt.Errorf("the user with id %d can't run postgres and can't become another user: %w", who.uid, errAnotherUser)
}

var errAnotherUser = errors.New("run rollcall as a plain user that has a name, or set ROLLCALL_DATABASE_URL")

// ownerOf returns the owner of a file. It reports false if there is no such file.
func ownerOf(path string) (identity, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return identity{}, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false
	}
	return identity{uid: st.Uid, gid: st.Gid, switched: true}, true
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

// own makes the user who runs postgres the owner of a file.
func (who identity) own(path string) error {
	if !who.switched {
		return nil
	}
	if err := os.Chown(path, int(who.uid), int(who.gid)); err != nil {
		return fmt.Errorf("change the owner of a file to the user who runs postgres: %w", err)
	}
	return nil
}

// reaches reports whether the mode bits allow the user to read and enter path and all folders
// above it.
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
