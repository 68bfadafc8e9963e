package accounts

import (
	"strconv"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Etag returns the account's etag (AIP-154). It is opaque to clients and changes with every change
// of the settings.
func (a *Account) Etag() string {
	return `"` + strconv.FormatInt(a.Revision, 36) + `"`
}

// CheckEtag returns an ABORTED fault if the account has changed since a client read it with this
// etag. An empty etag asks for no check.
func (a *Account) CheckEtag(etag string) error {
	if etag == "" || etag == a.Etag() {
		return nil
	}
	return fault.New(fault.KindAborted, fault.ReasonEtagMismatch,
		"%s has changed since it was read with the etag %s; read it again", Name(a.ID), etag).
		With("name", Name(a.ID)).With("etag", a.Etag())
}
