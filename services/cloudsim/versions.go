package cloudsim

import (
	"strconv"
	"time"
)

// Versions are the times at which a resource was created and changed. They stay empty unless
// Config.VersionTag is set.
type Versions []time.Time

// CountVersion records a change of a resource in its version tag and in versions, if
// Config.VersionTag is set. The caller holds the lock of the resource: no reader observed the
// change before the recorded time, and every later reader does.
func (w *World) CountVersion(tags *[]Tag, versions *Versions) {
	if w.cfg.VersionTag == "" {
		return
	}
	*versions = append(*versions, w.Now())
	*tags = MergeTags(*tags, map[string]string{w.cfg.VersionTag: strconv.Itoa(len(*versions))}, nil)
}
