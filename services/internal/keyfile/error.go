package keyfile

import "fmt"

// Error says which member of a file is wrong. It never holds what the file says.
type Error struct {
	// Member by its path, `credential_source.url`; empty: the file as a whole.
	Member string
	// Problem for people, going on after the member: "must be …".
	Problem string
}

// Error is the text for people.
func (e *Error) Error() string {
	if e.Member == "" {
		return e.Problem
	}
	return e.Member + ": " + e.Problem
}

// wrong is an error about a member. The format's arguments are never content of
// the file.
func wrong(member, format string, args ...any) *Error {
	return &Error{Member: member, Problem: fmt.Sprintf(format, args...)}
}
