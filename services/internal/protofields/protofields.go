// Package protofields lists the fields of proto messages, so that texts for people name every field
// without a list that has to be kept up to date by hand.
package protofields

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Paths returns the dotted proto names of all fields of a message in the order of the proto file.
// Fields of nested messages follow the name of their field (`location.region`), except well-known
// types such as timestamps, which are fields themselves. A map is `labels.KEY`.
func Paths(message protoreflect.MessageDescriptor) []string {
	var paths []string
	fields := message.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := string(field.Name())
		switch {
		case field.IsMap():
			paths = append(paths, name+".KEY")
		case field.Message() != nil && !field.IsList() && !isWellKnown(field.Message()):
			for _, path := range Paths(field.Message()) {
				paths = append(paths, name+"."+path)
			}
		default:
			paths = append(paths, name)
		}
	}
	return paths
}

// isWellKnown reports whether a message is one of google.protobuf, such as Timestamp.
func isWellKnown(message protoreflect.MessageDescriptor) bool {
	return strings.HasPrefix(string(message.FullName()), "google.protobuf.")
}
