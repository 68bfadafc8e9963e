package accounts

import (
	"strconv"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Etag is the account's etag (AIP-154): opaque to clients, another one after
// every change of the settings.
func (a *Account) Etag() string {
	return `"` + strconv.FormatInt(a.Revision, 36) + `"`
}

// CheckEtag refuses a change by someone who has not seen the account as it is.
// An empty etag asks for no check.
func (a *Account) CheckEtag(etag string) error {
	if etag == "" || etag == a.Etag() {
		return nil
	}
	return fault.New(fault.KindAborted, "ETAG_MISMATCH",
		"%s has changed since it was read with the etag %s; read it again", Name(a.ID), etag).
		With("name", Name(a.ID)).With("etag", a.Etag())
}
