package changefeed

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// position is how far a watcher has been sent the log.
type position struct {
	log inventory.LogPosition
	// listing is set while the instances that existed at that position are sent. listed is the last one of them.
	listing bool
	listed  uuid.UUID
}

// cursor is the content of a resume token.
type cursor struct {
	Log      uuid.UUID  `json:"l"`
	Revision int64      `json:"r"`
	Time     int64      `json:"t"`
	Listed   *uuid.UUID `json:"e,omitempty"`
}

// fingerprint binds a token to its filter.
func fingerprint(filter string) string { return query.Fingerprint("watch", filter) }

// token returns the token that resumes after the position.
func (p position) token(fingerprint string) string {
	c := cursor{Log: p.log.Log, Revision: p.log.Revision, Time: p.log.Time.UnixMicro()}
	if p.listing {
		c.Listed = &p.listed
	}
	return query.EncodeToken(fingerprint, c)
}

// positionOf reads a token. Errors: INVALID_ARGUMENT for one that is damaged or of another filter.
func positionOf(token, fingerprint string) (position, error) {
	var c cursor
	if err := query.DecodeToken(token, fingerprint, &c); err != nil {
		return position{}, asResumeToken(err)
	}
	p := position{log: inventory.LogPosition{Log: c.Log, Revision: c.Revision, Time: time.UnixMicro(c.Time).UTC()}}
	if c.Revision < 0 {
		return p, fault.Invalid("resume_token", "is damaged; start again without it")
	}
	if c.Listed != nil {
		p.listing, p.listed = true, *c.Listed
	}
	return p, nil
}

// asResumeToken changes the field of an error about a page token to resume_token.
func asResumeToken(err error) error {
	e, ok := errors.AsType[*query.Error](err)
	if !ok {
		return err
	}
	return fault.Invalid("resume_token", "%s", e.Description)
}
