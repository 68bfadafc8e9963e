//go:build !linux

package up

// holders returns nothing: it is not implemented on this system.
func holders(string) []string { return nil }
