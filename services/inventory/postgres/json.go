package postgres

import "strconv"

// jsonMember appends the name of an object's next member, with the comma that
// parts it from the one before.
func jsonMember(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(jsonString(b, name), ':')
}

const hexDigits = "0123456789abcdef"

// jsonString appends a string, which must be valid UTF-8, as RFC 8259 has it:
// quotes, backslashes and control characters are escaped.
func jsonString(b []byte, s string) []byte {
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

// jsonText appends a member unless its text is empty.
func jsonText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return jsonString(jsonMember(b, name), value)
}

func jsonBool(b []byte, name string, value bool) []byte {
	return strconv.AppendBool(jsonMember(b, name), value)
}

func jsonInt(b []byte, name string, value int64) []byte {
	return strconv.AppendInt(jsonMember(b, name), value, 10)
}
