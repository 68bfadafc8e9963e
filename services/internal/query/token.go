package query

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
)

// MaxTokenChars is the largest number of characters of a token.
const MaxTokenChars = 8192

// A token is, in base64url: its version, the start of the SHA-256 of the fingerprint, the cursor as JSON, and the
// CRC-32 of everything before. It is opaque (AIP-158) and neither secret nor signed: a forged token gives its caller
// another page of what the caller may list anyway.
const (
	tokenVersion     = 1
	fingerprintBytes = 8
	checksumBytes    = 4
	tokenOverhead    = 1 + fingerprintBytes + checksumBytes
)

var tokenText = base64.RawURLEncoding.Strict()

// Fingerprint returns a text for the parts of a request that must not change from page to page: filter, order and
// flags. Different parts give different texts.
func Fingerprint(parts ...string) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // can't happen: strings are always JSON
	}
	return string(text)
}

// EncodeToken returns the page token of a cursor, for the request with this fingerprint. It panics if encoding/json
// can't write the cursor.
func EncodeToken(fingerprint string, cursor any) string {
	payload, err := json.Marshal(cursor)
	if err != nil {
		panic(err)
	}
	token := make([]byte, 0, tokenOverhead+len(payload))
	token = append(token, tokenVersion)
	token = append(token, digest(fingerprint)...)
	token = append(token, payload...)
	token = binary.BigEndian.AppendUint32(token, crc32.ChecksumIEEE(token))
	return tokenText.EncodeToString(token)
}

// DecodeToken reads the page token of a request with this fingerprint into a cursor, which must be a pointer. An empty
// token is that of the first page, and leaves the cursor as it is. Errors: *Error for the field "page_token", if the
// token is damaged or of another request.
func DecodeToken(token, fingerprint string, cursor any) error {
	if token == "" {
		return nil
	}
	if len(token) > MaxTokenChars {
		return &Error{Field: "page_token", Description: fmt.Sprintf("is longer than %d characters", MaxTokenChars)}
	}
	raw, err := tokenText.DecodeString(token)
	if err != nil || len(raw) < tokenOverhead || strings.ContainsAny(token, "\r\n") { // the decoder skips these
		return damaged()
	}
	body, checksum := raw[:len(raw)-checksumBytes], raw[len(raw)-checksumBytes:]
	if binary.BigEndian.Uint32(checksum) != crc32.ChecksumIEEE(body) {
		return damaged()
	}
	if body[0] != tokenVersion {
		return &Error{Field: "page_token", Description: "is of another version; start again without it"}
	}
	body = body[1:]
	if !bytes.Equal(body[:fingerprintBytes], digest(fingerprint)) {
		return &Error{Field: "page_token",
			Description: "belongs to another request: filter, order and flags must stay as they were; start again without it"}
	}
	if err := json.Unmarshal(body[fingerprintBytes:], cursor); err != nil {
		return damaged()
	}
	return nil
}

func digest(fingerprint string) []byte {
	sum := sha256.Sum256([]byte(fingerprint))
	return sum[:fingerprintBytes]
}
