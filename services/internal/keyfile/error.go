package keyfile

import "fmt"

// Error states which member of a file is wrong. It never contains the content of the
// file.
type Error struct {
	// Member is the path of the member, `credential_source.url`. It is empty for the file
	// as a whole.
	Member string
	// Problem describes the problem for people and continues after the member: "must be …".
	Problem string
}

// Error returns the text for people.
func (e *Error) Error() string {
	if e.Member == "" {
		return e.Problem
	}
	return e.Member + ": " + e.Problem
}

// wrong returns an error about a member. The arguments must not be content of the file.
func wrong(member, format string, args ...any) *Error {
	return &Error{Member: member, Problem: fmt.Sprintf(format, args...)}
}
