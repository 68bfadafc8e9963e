package watch

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// position is how far a watcher was told.
type position struct {
	place inventory.LogPlace
	// listing tells that it is told what was there at that place, and listed is
	// the last of that.
	listing bool
	listed  uuid.UUID
}

// cursor is what a resume token carries.
type cursor struct {
	Log      uuid.UUID  `json:"l"`
	Revision int64      `json:"r"`
	Time     int64      `json:"t"`
	Listed   *uuid.UUID `json:"e,omitempty"`
}

// fingerprint binds a token to its filter.
func fingerprint(filter string) string { return query.Fingerprint("watch", filter) }

// token resumes after the position.
func (p position) token(fingerprint string) string {
	c := cursor{Log: p.place.Log, Revision: p.place.Revision, Time: p.place.Time.UnixMicro()}
	if p.listing {
		c.Listed = &p.listed
	}
	return query.EncodeToken(fingerprint, c)
}

// positionOf reads a token. Errors: INVALID_ARGUMENT for one that is damaged or of
// another filter.
func positionOf(token, fingerprint string) (position, error) {
	var c cursor
	if err := query.DecodeToken(token, fingerprint, &c); err != nil {
		return position{}, asResumeToken(err)
	}
	p := position{place: inventory.LogPlace{Log: c.Log, Revision: c.Revision, Time: time.UnixMicro(c.Time).UTC()}}
	if c.Revision < 0 {
		return p, fault.Invalid("resume_token", "is damaged; start again without it")
	}
	if c.Listed != nil {
		p.listing, p.listed = true, *c.Listed
	}
	return p, nil
}

// asResumeToken says of the resume token what is wrong with it.
func asResumeToken(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	return fault.Invalid("resume_token", "%s", f.Violations[0].Description)
}
