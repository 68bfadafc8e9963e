package up

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// holders returns the programs that listen on a TCP port, as far as this user may see them:
// "postgres (pid 4711)". See proc_net_tcp in the documentation of the kernel, and proc(5) for the
// names of sockets.
func holders(port string) []string {
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil
	}
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		addListening(sockets, table, number)
	}
	if len(sockets) == 0 {
		return nil
	}
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the only error is a malformed pattern
	var found []string
	for _, file := range files {
		target, err := os.Readlink(file)
		if err != nil || !sockets[target] {
			continue
		}
		process := filepath.Dir(filepath.Dir(file))
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			continue
		}
		holder := fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), filepath.Base(process))
		if !slices.Contains(found, holder) {
			found = append(found, holder)
		}
	}
	return found
}

// addListening adds the sockets in a table that listen on a port, by their names in /proc/PID/fd.
func addListening(sockets map[string]bool, table string, port int) {
	const (
		localAddress, state, inode = 1, 3, 9 // columns
		listening                  = "0A"
	)
	file, err := os.Open(table)
	if err != nil {
		return
	}
	defer file.Close()
	suffix := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		columns := strings.Fields(lines.Text())
		if len(columns) > inode && columns[state] == listening && strings.HasSuffix(columns[localAddress], suffix) {
			sockets["socket:["+columns[inode]+"]"] = true
		}
	}
}
