package query

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"strings"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// MaxTokenChars is the longest token that is read.
const MaxTokenChars = 8192

// A token is base64url of: its version, the start of the fingerprint's SHA-256,
// the cursor as JSON, CRC-32 of all before. It is opaque (AIP-158), not secret
// and not signed: whoever makes one up gets no more than another page of what
// they may list anyway.
const (
	tokenVersion     = 1
	fingerprintBytes = 8
	checksumBytes    = 4
	tokenOverhead    = 1 + fingerprintBytes + checksumBytes
)

var tokenText = base64.RawURLEncoding.Strict()

// Fingerprint is one text for all of a request that must stay the same from
// page to page: filter, order, flags. Different parts never give the same.
func Fingerprint(parts ...string) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // strings are always JSON
	}
	return string(text)
}

// EncodeToken makes a page token of a cursor, which is anything that
// encoding/json can write, bound to the request of this fingerprint. It panics
// when the cursor can't be written.
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

// DecodeToken reads a page token of the request with this fingerprint into the
// cursor that it points to. An empty token is that of the first page: it leaves
// the cursor as it is. The error is a fault of the field "page_token", for a
// token that is damaged, or of another request.
func DecodeToken(token, fingerprint string, cursor any) error {
	if token == "" {
		return nil
	}
	if len(token) > MaxTokenChars {
		return fault.Invalid("page_token", "is longer than %d characters", MaxTokenChars)
	}
	raw, err := tokenText.DecodeString(token)
	if err != nil || len(raw) < tokenOverhead || strings.ContainsAny(token, "\r\n") { // which the decoder skips
		return damaged()
	}
	body, checksum := raw[:len(raw)-checksumBytes], raw[len(raw)-checksumBytes:]
	if binary.BigEndian.Uint32(checksum) != crc32.ChecksumIEEE(body) {
		return damaged()
	}
	if body[0] != tokenVersion {
		return fault.Invalid("page_token", "is of another version of Rollcall; start again without it")
	}
	body = body[1:]
	if !bytes.Equal(body[:fingerprintBytes], digest(fingerprint)) {
		return fault.Invalid("page_token",
			"belongs to another request: filter, order and flags must stay as they were; start again without it")
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
