package cloudsim

import (
	"strconv"
	"time"
)

// versioned are the tags of a thing, and when each change of it was made.
type versioned struct {
	tags     *[]Tag
	versions *[]time.Time
}

// touch counts a change of a thing in its tags and remembers when it was made, where Config.VersionTag asks for it. The
// caller holds the lock of what the thing is in: nobody saw the change before this time, and whoever asks after it does.
func (w *World) touch(v versioned) {
	if w.cfg.VersionTag == "" {
		return
	}
	*v.versions = append(*v.versions, w.Now())
	*v.tags = mergeTags(*v.tags, map[string]string{w.cfg.VersionTag: strconv.Itoa(len(*v.versions))}, nil)
}

func (r *region) touch(m *Machine)          { r.world.touch(versioned{&m.Tags, &m.Versions}) }
func (r *region) touchDatabase(d *Database) { r.world.touch(versioned{&d.Tags, &d.Versions}) }
func (p *project) touch(m *VM)              { p.world.touch(versioned{&m.Labels, &m.Versions}) }
func (p *project) touchSQL(d *SQLInstance)  { p.world.touch(versioned{&d.Labels, &d.Versions}) }
