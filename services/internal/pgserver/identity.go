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
	// alias, when set, is who the user seems to be inside a user namespace (user_namespaces(7)) made for postgres: for
	// root that may not become another user, and for users without a name, of whom initdb will have nothing.
	alias *identity
}

// chooseIdentity returns who is to run postgres on the data: root takes the owner of existing data, so that a folder may
// pass from a plain user to root, then postgres, then nobody.
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
			return identity{}, fmt.Errorf("the database in %s belongs to the user with id %d, whom this root may not become: "+
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

// unprivileged are the users that root leaves postgres to, best first.
var unprivileged = []string{"postgres", "nobody"}

// underAlias returns the user with the alias of one that has a name.
func (who identity) underAlias() (identity, error) {
	for _, name := range unprivileged {
		if alias, err := lookupIdentity(name); err == nil && haveNamespaces {
			who.alias = &alias
			return who, nil
		}
	}
	return identity{}, fmt.Errorf("the user with id %d can't run postgres, nor have anybody else run it: %w", who.uid, errAnotherUser)
}

var errAnotherUser = errors.New("run rollcall as a plain user that has a name, or set ROLLCALL_DATABASE_URL")

// ownerOf returns the user that a file belongs to; false when there is no such file.
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
