package pgserver

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const haveNamespaces = true

// enterNamespace makes the child run in a user namespace with one user: who, with its alias. For
// files and signals outside, the child remains who, so that it needs no more rights on its
// folders than this process has.
func enterNamespace(attr *syscall.SysProcAttr, who identity) {
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(who.alias.uid), HostID: int(who.uid), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(who.alias.gid), HostID: int(who.gid), Size: 1}}
}

// maySwitch reports whether this root can run programs and own files as another user. The root of
// a container may not have the capabilities, and that of a user namespace may not have the
// users.
func maySwitch(to identity) bool {
	const chown, setgid, setuid = 0, 6, 7 // linux/capability.h
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return true // without /proc, only an attempt can show it
	}
	const need = 1<<chown | 1<<setgid | 1<<setuid
	return effectiveCapabilities(status)&need == need &&
		isMapped("/proc/self/uid_map", to.uid) && isMapped("/proc/self/gid_map", to.gid)
}

// effectiveCapabilities parses the set in the text of /proc/self/status. It is 0 if there is none.
func effectiveCapabilities(status []byte) uint64 {
	for line := range bytes.Lines(status) {
		if hex, ok := bytes.CutPrefix(line, []byte("CapEff:")); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(string(hex)), 16, 64)
			if err != nil {
				return 0
			}
			return set
		}
	}
	return 0
}

// isMapped reports whether the user namespace of this process has an id. There is one line for
// each range, with its first id inside, its first id outside and its length.
func isMapped(path string, id uint32) bool {
	content, err := os.ReadFile(path)
	if err != nil {
		return true
	}
	lines := bufio.NewScanner(strings.NewReader(string(content)))
	for lines.Scan() {
		var inside, outside, length uint64
		if n, _ := fmt.Sscan(lines.Text(), &inside, &outside, &length); n == 3 && uint64(id) >= inside && uint64(id)-inside < length {
			return true
		}
	}
	return false
}
