package cli

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

// signInFlags are the flags of the sign-in methods of one cloud.
type signInFlags interface {
	provider() cloud.Provider
	// given reports whether any of the flags is set.
	given() bool
	// apply sets the credentials of an account of the cloud from the flags, or the default
	// credentials, and returns the path of the field, or "" if there is nothing to set.
	apply(s *session, account *accountsv1.Account, defaults bool) (path string, err error)
}

// credentialFields returns the fields of an account's credentials for people, without the secret.
func credentialFields(a *accountsv1.Account) []field {
	account, ok := cloudaccount.Of(a)
	if !ok {
		return nil
	}
	part := subMessage(a.ProtoReflect(), account.Cloud.Account.Field)
	credentials := subMessage(part, account.Method.Field)
	var fields []field
	all := credentials.Descriptor().Fields()
	for n := range all.Len() {
		f := all.Get(n)
		if name := string(f.Name()); name != account.Method.Secret && credentials.Has(f) {
			fields = append(fields, field{strings.ReplaceAll(name, "_", " "), settingText(f, credentials.Get(f))})
		}
	}
	return fields
}

// subMessage returns the message in a field.
func subMessage(message protoreflect.Message, name string) protoreflect.Message {
	return message.Get(message.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
}

// settingText returns the text of a field of credentials.
func settingText(f protoreflect.FieldDescriptor, value protoreflect.Value) string {
	if !f.IsMap() {
		return clean(strings.TrimPrefix(value.String(), accountsCollection))
	}
	labels := map[string]string{}
	value.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
		labels[key.String()] = v.String()
		return true
	})
	return labelText(labels)
}

// signInText returns a short text about the sign-in method of an account.
func signInText(a *accountsv1.Account) string {
	account, ok := cloudaccount.Of(a)
	if !ok {
		return ""
	}
	return account.SignIn()
}
