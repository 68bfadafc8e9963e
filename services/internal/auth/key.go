package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// keySize is the smallest size of a key in bytes (RFC 7518, section 3.2).
const keySize = 32

// placeholder replaces the bytes of a key in text.
const placeholder = "(key)"

// Key is the secret that a caller shares with the services that it may call. Printed
// with any verb of fmt, logged or encoded, it shows a placeholder.
type Key struct {
	// The bytes are behind a pointer, so that a printer that reads unexported fields
	// shows an address.
	secret *[]byte
}

// NewKey returns a random key.
func NewKey() Key {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // Read never fails (crypto/rand).
	return Key{secret: &secret}
}

// UnmarshalText parses a key of at least 32 bytes in base64. An empty text is no key.
func (k *Key) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < keySize {
		return errors.New("the key must be at least 32 random bytes in base64: make one with `openssl rand -base64 32`")
	}
	k.secret = &secret
	return nil
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.secret == nil }

// bytes returns the key, or nil if there is none.
func (k Key) bytes() []byte {
	if k.secret == nil {
		return nil
	}
	return *k.secret
}

// String returns a placeholder.
func (k Key) String() string { return placeholder }

// GoString returns a placeholder.
func (k Key) GoString() string { return placeholder }

// Format writes a placeholder, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue returns a placeholder.
func (k Key) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns a placeholder.
func (k Key) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
