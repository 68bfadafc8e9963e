package fault

import (
	"strings"
	"unicode/utf8"
)

// MaxText is the largest size of a clipped text in bytes, without the ellipsis.
const MaxText = 2000

// Clip returns text in a form that can be stored and sent: at most MaxText bytes
// and an ellipsis, valid UTF-8, without NUL.
func Clip(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= MaxText {
		return text
	}
	end := MaxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
