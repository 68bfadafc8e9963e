package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// isPostmaster reports whether the process is a postgres that runs on dataDir. The current folder
// of a postmaster is always its data folder.
func isPostmaster(pid int, dataDir string, who identity) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil || !strings.HasPrefix(string(name), "postgres") {
		return false
	}
	cwd, err := currentFolder(pid, who)
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(dataDir)
	return err == nil && cwd == real
}

// currentFolder returns the current folder of a process. Root without CAP_SYS_PTRACE, as in most
// containers, can't read it for processes of other users; the user who runs postgres can.
func currentFolder(pid int, who identity) (string, error) {
	link := fmt.Sprintf("/proc/%d/cwd", pid)
	cwd, err := os.Readlink(link)
	if err == nil || !who.switched || !errors.Is(err, os.ErrPermission) {
		return cwd, err
	}
	cmd := exec.Command("readlink", link) //nolint:noctx // it ends at once; if it were cancelled, a live postmaster would not be found
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: who.uid, Gid: who.gid}}
	out, err := cmd.Output()
	return strings.TrimSuffix(string(out), "\n"), err
}
