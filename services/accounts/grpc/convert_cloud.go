package grpc

import (
	"fmt"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/reflect/protoreflect"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// This file converts the part of an account that belongs to its cloud. It follows the descriptor,
// whose names the registry's tests compare with the messages, so that a new cloud needs no code
// here.

// cloudFromProto reads the part of an account that belongs to its cloud, and returns the secret
// that came with it. Fields that only the server sets are ignored.
func cloudFromProto(in *accountsv1.Account, account *accounts.Account) (accounts.Secret, error) {
	message := in.ProtoReflect()
	set := message.WhichOneof(message.Descriptor().Oneofs().ByName("cloud"))
	if set == nil {
		return accounts.Secret{}, fault.Invalid("account.cloud", "must be set")
	}
	d, ok := registry.FindField(string(set.Name()))
	if !ok {
		return accounts.Secret{}, fault.Invalid("account."+string(set.Name()), "is a cloud that this program does not read")
	}
	part := message.Get(set).Message()
	account.Provider = d.Provider
	account.CloudID = part.Get(fieldOf(part, d.Account.IDField)).String()
	regions := part.Get(fieldOf(part, "regions")).List()
	for i := range regions.Len() {
		account.Regions = append(account.Regions, regions.Get(i).String())
	}
	method := part.WhichOneof(part.Descriptor().Oneofs().ByName("credentials"))
	if method == nil {
		return accounts.Secret{}, nil
	}
	described, ok := d.MethodByField(string(method.Name()))
	if !ok {
		return accounts.Secret{}, fault.Invalid("account."+d.Account.Field+"."+string(method.Name()), "is a way to sign in that this program does not know")
	}
	var secret string
	account.Credentials, secret = credentialsFromProto(described, part.Get(method).Message())
	return accounts.NewSecret(secret), nil
}

// credentialsFromProto reads the settings of a way to sign in, and its secret.
func credentialsFromProto(method cloud.Method, message protoreflect.Message) (c accounts.Credentials, secret string) {
	c.Method = method.Name
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch name := string(field.Name()); {
		case name == method.Secret:
			secret = value.String()
		case name == method.Source:
			c.Source = accounts.IDOf(value.String())
		case name == method.Tags:
			c.Tags = map[string]string{}
			value.Map().Range(func(key protoreflect.MapKey, tag protoreflect.Value) bool {
				c.Tags[key.String()] = tag.String()
				return true
			})
		case !has(field, annotations.FieldBehavior_OUTPUT_ONLY):
			c.Set(name, value.String())
		}
		return true
	})
	return c, secret
}

// cloudToProto sets the part of an account that belongs to its cloud.
func cloudToProto(account *accounts.Account, out *accountsv1.Account) {
	d, ok := registry.Find(account.Provider)
	if !ok {
		return
	}
	message := out.ProtoReflect()
	part := message.Mutable(fieldOf(message, d.Account.Field)).Message()
	part.Set(fieldOf(part, d.Account.IDField), protoreflect.ValueOfString(account.CloudID))
	if len(account.Regions) > 0 {
		regions := part.Mutable(fieldOf(part, "regions")).List()
		for _, region := range account.Regions {
			regions.Append(protoreflect.ValueOfString(region))
		}
	}
	setMethod(part, account.Method(), account.Credentials)
}

// signInToProto returns how to sign in to an account, with its secret and with the accounts that
// it signs in through, nearest first. It fails for a way to sign in that the contract has no field
// for: discovery would otherwise use the default one.
func signInToProto(opened []openedAccount) (*accountsv1.GetCredentialsResponse, error) {
	account := opened[0].account
	response := &accountsv1.GetCredentialsResponse{}
	message := response.ProtoReflect()
	field := fieldOf(message, account.Cloud().Account.Field)
	if field == nil {
		return nil, fmt.Errorf("credentials of %s have no field in the contract", account.Provider)
	}
	part := message.Mutable(field).Message()
	for i, o := range opened {
		if i > 0 {
			part = part.Mutable(fieldOf(part, "source")).Message()
		}
		part.Set(fieldOf(part, o.account.Cloud().Account.IDField), protoreflect.ValueOfString(o.account.CloudID))
		method := o.account.Method()
		settings := setMethod(part, method, o.account.Credentials)
		if settings == nil {
			return nil, fmt.Errorf("the credentials %s have no field in the contract", o.account.Credentials.Method)
		}
		if method.Secret != "" {
			settings.Set(fieldOf(settings, method.Secret), protoreflect.ValueOfString(o.secret.Reveal()))
		}
	}
	return response, nil
}

// setMethod sets the way to sign in, without its secret, and returns its message; nil if there is
// no field for it.
func setMethod(part protoreflect.Message, method cloud.Method, c accounts.Credentials) protoreflect.Message {
	field := fieldOf(part, method.Field)
	if field == nil {
		return nil
	}
	message := part.Mutable(field).Message()
	for name, value := range c.Settings {
		if field := fieldOf(message, name); field != nil { // some settings are the server's own
			message.Set(field, protoreflect.ValueOfString(value))
		}
	}
	if c.Source != "" {
		message.Set(fieldOf(message, method.Source), protoreflect.ValueOfString(accounts.Name(c.Source)))
	}
	for key, value := range c.Tags {
		message.Mutable(fieldOf(message, method.Tags)).Map().Set(protoreflect.ValueOfString(key).MapKey(), protoreflect.ValueOfString(value))
	}
	return message
}

func fieldOf(message protoreflect.Message, name string) protoreflect.FieldDescriptor {
	return message.Descriptor().Fields().ByName(protoreflect.Name(name))
}
