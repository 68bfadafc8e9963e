// Package secret holds texts that must not appear in logs, errors or encodings,
// such as access keys and key files.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Placeholder replaces the text of a Secret.
const Placeholder = "(secret)"

// Secret is a text that only Reveal returns. Printed with any verb of fmt, logged
// or encoded, it shows Placeholder. The zero value is no secret.
type Secret struct {
	// The text is behind a pointer, so that a printer that reads unexported fields
	// shows an address.
	text *string
}

// New returns the secret with a text. An empty text is no secret.
func New(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal reports whether both secrets have the same text.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// String returns the placeholder.
func (s Secret) String() string { return Placeholder }

// GoString returns the placeholder.
func (s Secret) GoString() string { return Placeholder }

// Format writes the placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Placeholder) }

// LogValue returns the placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Placeholder) }

// MarshalText returns the placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Placeholder), nil }

// MarshalJSON returns the placeholder as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Placeholder + `"`), nil }
