package accounts

import "github.com/rollcall-dev/rollcall/services/internal/keyfile"

// Rules are the demands of one way to sign in beyond its description. The zero Rules demand nothing:
// a method with a secret then takes any, and keeps the stored one while its settings stay.
type Rules struct {
	// Validate checks the settings against the account; nil checks nothing.
	Validate func(a *Account) error
	// Complete fills in settings that the owner left out; nil fills in nothing. The stored account
	// is nil for a new one.
	Complete func(a, stored *Account)
	// TakeSecret checks a secret that came with the credentials, sets the settings that are read
	// from it, and returns it as it is to be stored: the zero Secret to keep the stored one. Nil
	// stands for TakeAnySecret.
	TakeSecret func(a *Account, given Secret, stored *Account, hosts keyfile.Hosts) (Secret, error)
}

// Apply checks and completes the credentials of an account, and returns its secret as it is to be
// stored.
func (r Rules) Apply(a *Account, given Secret, stored *Account, hosts keyfile.Hosts) (Secret, error) {
	if r.Validate != nil {
		if err := r.Validate(a); err != nil {
			return Secret{}, err
		}
	}
	if r.Complete != nil {
		r.Complete(a, stored)
	}
	take := r.TakeSecret
	if take == nil {
		take = TakeAnySecret
	}
	return take(a, given, stored, hosts)
}
