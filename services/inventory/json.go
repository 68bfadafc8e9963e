package inventory

import "slices"

// appendMember appends the name of the next member of a JSON object, with the comma that separates
// it from the one before.
func appendMember(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(appendJSONString(b, name), ':')
}

// AppendTextMap appends a map as a JSON object, with its keys in order. The texts must be valid
// UTF-8. keys is a buffer, which it returns for the next call.
func AppendTextMap(b []byte, texts map[string]string, keys []string) (_ []byte, _ []string) {
	keys = keys[:0]
	for key := range texts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for _, key := range keys {
		b = appendJSONString(appendMember(b, key), texts[key])
	}
	return append(b, '}'), keys
}

const hexDigits = "0123456789abcdef"

// appendJSONString appends a string, which must be valid UTF-8. As RFC 8259 demands, it escapes
// quotes, backslashes and control characters.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for n := range len(s) {
		c := s[n]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:n]...)
		start = n + 1
		if c >= ' ' {
			b = append(b, '\\', c)
			continue
		}
		b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
