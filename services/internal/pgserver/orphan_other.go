//go:build unix && !linux

package pgserver

import (
	"os/exec"
	"strconv"
	"strings"
)

// isPostmaster reports whether the process is a postgres that runs on dataDir, by its command
// line.
func isPostmaster(pid int, dataDir string, _ identity) bool {
	cmd := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)) //nolint:noctx // see currentFolder on Linux
	out, err := cmd.Output()
	return err == nil && strings.Contains(string(out), "postgres -D "+dataDir+" ")
}
