package pgserver_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// rootOfItsOwn returns the attributes of the root of a user namespace without other users, as in a
// container without subordinate ids.
func rootOfItsOwn() *syscall.SysProcAttr {
	onlyRoot := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: onlyRoot, GidMappings: onlyRoot}
}

func needNamespaces(t *testing.T) {
	t.Helper()
	cmd := exec.Command("true")
	cmd.SysProcAttr = rootOfItsOwn()
	if os.Geteuid() != 0 || cmd.Run() != nil {
		t.Skip("user namespaces can't be made here")
	}
}

func TestServer_AsRootWithoutOtherUsers(t *testing.T) {
	needNamespaces(t)
	again(t, 0, rootOfItsOwn(),
		"TestServer_DataSurviveAStop", "TestServer_RestartsKilledPostgres", "TestStart_StopsAnOrphan")
}

func TestServer_AsUserWithoutName(t *testing.T) {
	needNamespaces(t)
	const unknown = 1_000_620_000 // as some clusters assign to containers
	again(t, unknown, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unknown, Gid: unknown}},
		"TestServer_DataSurviveAStop", "TestServer_RestartsKilledPostgres", "TestStart_StopsAnOrphan")
}
