// Package cloudaccount reads the fields that the accounts of all clouds have in common from the
// messages of the accounts service. It follows the descriptors of package cloud, so that its callers need no
// switch over the clouds.
package cloudaccount

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
)

const (
	regionsField    = "regions"
	credentialsName = "credentials"
)

// Account has the fields that the accounts of all clouds have in common.
type Account struct {
	Cloud *cloud.Descriptor
	// ID is the cloud's own id.
	ID string
	// Regions to read; empty: all.
	Regions []string
	// Method is the way to sign in.
	Method cloud.Method
	// Identity shows as whom the method signs in; "" if it does not show.
	Identity string
	// Source is the resource name of the account to sign in from; "" if there is none.
	Source string
}

// Of reads an account; ok is false if its cloud is not set or not registered.
func Of(account *accountsv1.Account) (a Account, ok bool) {
	part, d := cloudPart(account.ProtoReflect())
	if d == nil {
		return Account{}, false
	}
	a = Account{Cloud: d, ID: text(part, d.Account.IDField), Method: d.Default()}
	regions := part.Get(fieldOf(part, regionsField)).List()
	for i := range regions.Len() {
		a.Regions = append(a.Regions, regions.Get(i).String())
	}
	if field := part.WhichOneof(oneofOf(part, credentialsName)); field != nil {
		if a.Method, ok = d.MethodByField(string(field.Name())); !ok {
			return Account{}, false
		}
		if a.Method.Identity != "" {
			a.Identity = text(part.Get(field).Message(), a.Method.Identity)
		}
		if a.Method.Source != "" {
			a.Source = text(part.Get(field).Message(), a.Method.Source)
		}
	}
	return a, true
}

// String returns the account as people name it: "AWS account 100000000001".
func (a Account) String() string { return a.Cloud.Account.Noun + " " + a.ID }

// SignIn returns the way to sign in, in few words.
func (a Account) SignIn() string { return a.Method.Summary(a.Identity) }

// Credentials reads the way to sign in from a response, with its settings that are texts, by the
// names of their fields. The secret is in plain text: put it into a type that hides it at once. It
// fails if the cloud or the way to sign in is not set or not known.
func Credentials(response *accountsv1.GetCredentialsResponse) (method cloud.Method, settings map[string]string, secret string, ok bool) {
	part, d := cloudPart(response.ProtoReflect())
	if d == nil {
		return cloud.Method{}, nil, "", false
	}
	set := part.WhichOneof(oneofOf(part, "method"))
	if set == nil {
		return cloud.Method{}, nil, "", false
	}
	if method, ok = d.MethodByField(string(set.Name())); !ok {
		return cloud.Method{}, nil, "", false
	}
	settings = map[string]string{}
	part.Get(set).Message().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch name := string(field.Name()); {
		case name == method.Secret:
			secret = value.String()
		case field.Kind() == protoreflect.StringKind && !field.IsList() && !field.IsMap():
			settings[name] = value.String()
		}
		return true
	})
	return method, settings, secret, true
}

// New returns the settings of an account that signs in by its cloud's default method.
func New(d *cloud.Descriptor, id string) *accountsv1.Account {
	account := &accountsv1.Account{}
	message := account.ProtoReflect()
	part := message.Mutable(fieldOf(message, d.Account.Field)).Message()
	part.Set(fieldOf(part, d.Account.IDField), protoreflect.ValueOfString(id))
	part.Mutable(fieldOf(part, d.Default().Field))
	return account
}

// SetRegions replaces the regions of an account, and returns the path of the field; "" if the
// account's cloud is not registered.
func SetRegions(account *accountsv1.Account, regions []string) (path string) {
	part, d := cloudPart(account.ProtoReflect())
	if d == nil {
		return ""
	}
	field := fieldOf(part, regionsField)
	part.Clear(field)
	list := part.Mutable(field).List()
	for _, region := range slices.Clone(regions) {
		list.Append(protoreflect.ValueOfString(region))
	}
	return d.Account.Field + "." + regionsField
}

// cloudPart returns the part of an account, or of a response with credentials, that belongs to its
// cloud; d is nil if the cloud is not set or not registered.
func cloudPart(message protoreflect.Message) (part protoreflect.Message, d *cloud.Descriptor) {
	field := message.WhichOneof(oneofOf(message, "cloud"))
	if field == nil {
		return nil, nil
	}
	if d, _ = registry.FindField(string(field.Name())); d == nil {
		return nil, nil
	}
	return message.Get(field).Message(), d
}

func text(message protoreflect.Message, name string) string {
	return message.Get(fieldOf(message, name)).String()
}

// The tests of the registry make sure that the names in descriptors are fields of the messages.

func fieldOf(message protoreflect.Message, name string) protoreflect.FieldDescriptor {
	return message.Descriptor().Fields().ByName(protoreflect.Name(name))
}

func oneofOf(message protoreflect.Message, name string) protoreflect.OneofDescriptor {
	return message.Descriptor().Oneofs().ByName(protoreflect.Name(name))
}
