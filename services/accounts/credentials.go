package accounts

import (
	"reflect"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Credentials are one way to sign in to an account, without the secret that may belong to it. The
// descriptor of the cloud lists the settings of a method, so that a new method or a new cloud needs
// no type here.
type Credentials struct {
	// Method is the name of the way to sign in, such as AWS_ACCESS_KEY.
	Method string
	// Settings of the method, by the names of its fields in the contract; nil if there are none.
	Settings map[string]string
	// Tags of the session; nil if there are none.
	Tags map[string]string
	// Source is the id of the account whose credentials are used to sign in; "" for the default
	// credentials of the process that reads the cloud.
	Source string
}

// Set sets a setting. An empty value removes it.
func (c *Credentials) Set(name, value string) {
	switch {
	case value == "":
		delete(c.Settings, name)
		if len(c.Settings) == 0 {
			c.Settings = nil
		}
	case c.Settings == nil:
		c.Settings = map[string]string{name: value}
	default:
		c.Settings[name] = value
	}
}

// Equal reports whether the two are the same credentials.
func (c Credentials) Equal(other Credentials) bool { return reflect.DeepEqual(c, other) }

// Method returns the description of the account's way to sign in.
func (a *Account) Method() cloud.Method {
	method, _ := a.Cloud().Method(a.Credentials.Method)
	return method
}

// CredentialsField returns the path of a field of the account's credentials in a request:
// "account.aws.access_key.secret_access_key".
func (a *Account) CredentialsField(name string) string {
	return "account." + a.Cloud().Account.Field + "." + a.Method().Field + "." + name
}

// sourceField returns the path of the field that names the account to sign in from.
func (a *Account) sourceField() string { return a.CredentialsField(a.Method().Source) }
