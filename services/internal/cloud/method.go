package cloud

// Method describes one way to sign in to a cloud.
type Method struct {
	// Name identifies the method, also in storage. It begins with the provider: "AWS_ACCESS_KEY".
	Name string
	// Field is the field of the method in the oneof `credentials` of the cloud's account message,
	// and in that of its credentials message: "access_key".
	Field string
	// Title is the method in words for people: "access key".
	Title string
	// Identity is the field of the method's message that shows as whom it signs in; empty if it
	// does not show: "access_key_id".
	Identity string
	// Summary returns the method with its identity in few words, for a table: "access key AKIA…".
	Summary func(identity string) string
	// Secret is the field that holds the secret; empty if the method has none.
	Secret string
	// Tags is the field that holds a map of session tags; empty if the method has none.
	Tags string
	// Source is the field that names the account whose credentials are used to sign in; empty if
	// the method does not start from another account.
	Source string
}

// Default returns the method that is used if an account states none.
func (d *Descriptor) Default() Method { return d.Methods[0] }

// Method returns the method with this name.
func (d *Descriptor) Method(name string) (method Method, ok bool) {
	for _, method := range d.Methods {
		if method.Name == name {
			return method, true
		}
	}
	return Method{}, false
}

// MethodByField returns the method that is set by this field of the oneof `credentials`; the
// default one for "".
func (d *Descriptor) MethodByField(field string) (method Method, ok bool) {
	if field == "" {
		return d.Default(), true
	}
	for _, method := range d.Methods {
		if method.Field == field {
			return method, true
		}
	}
	return Method{}, false
}
