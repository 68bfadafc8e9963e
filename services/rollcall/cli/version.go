package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is the version of a release build, set by the linker: -ldflags "-X .../cli.release=v1.2.3".
var release string

type versionCommand struct{}

// Run prints the version of this program.
func (versionCommand) Run(s *session) error {
	_, err := fmt.Fprintf(s.out, "rollcall %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is the release, else the commit that the program was built from.
func version() string {
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
