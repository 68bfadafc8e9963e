package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the version of this program.
func (versionCommand) Run(s *session) error {
	_, err := fmt.Fprintf(s.out, "rollcall %s (%s, %s/%s)\n", s.version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// versionOr returns the release, or the commit that the program was built from if it is empty.
func versionOr(release string) string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	commit, changed := "", ""
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			commit = setting.Value[:min(12, len(setting.Value))]
		case "vcs.modified":
			if setting.Value == "true" {
				changed = "-changed"
			}
		}
	}
	if commit == "" {
		return cmp.Or(info.Main.Version, "(devel)")
	}
	return commit + changed
}
