package query_test

import (
	"encoding/base64"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

func TestTokensComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fingerprint := rapid.String().Draw(t, "fingerprint")
		cursor := rapid.SliceOf(rapid.String()).Draw(t, "cursor")
		token := query.EncodeToken(fingerprint, cursor)
		var got []string
		if err := query.DecodeToken(token, fingerprint, &got); err != nil || !slices.Equal(got, cursor) {
			t.Fatalf("got %q, %v", got, err)
		}
		if strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			t.Fatalf("%q needs escapes in a URL", token)
		}
	})
}

// Any other text than the token is refused.
func TestDamagedTokens(t *testing.T) {
	token := query.EncodeToken("f", []string{"web", uid})
	for i := range token {
		for _, c := range []byte("Aa0-_=+ \n") {
			if token[i] == c {
				continue
			}
			checkToken(t, token[:i]+string(c)+token[i+1:], "f", "is damaged")
		}
		if i > 0 {
			checkToken(t, token[:i], "f", "is damaged")
		}
	}
	checkToken(t, token+"\n", "f", "is damaged")
	checkToken(t, token+"A", "f", "is damaged")
	checkToken(t, "x", "f", "is damaged")
	checkToken(t, strings.Repeat("A", query.MaxTokenChars+1), "f", "is longer than 8192 characters")
}

func checkToken(t *testing.T, token, fingerprint, want string) {
	t.Helper()
	cursor := []string{"untouched"}
	err := query.DecodeToken(token, fingerprint, &cursor)
	if err == nil {
		t.Fatalf("%q was read", token)
	}
	checkMistake(t, err, "page_token", want)
	if len(cursor) != 1 || cursor[0] != "untouched" {
		t.Errorf("%q left %q", token, cursor)
	}
}

func TestForeignTokens(t *testing.T) {
	mine := query.Fingerprint("state = RUNNING", "name", "false")
	token := query.EncodeToken(mine, []string{uid})
	for _, other := range []string{
		query.Fingerprint("state = STOPPED", "name", "false"),
		query.Fingerprint("state = RUNNING", "name", "true"),
		query.Fingerprint("state = RUNNING", "name"),
		query.Fingerprint("state = RUNNINGname", "", "false"),
		query.Fingerprint(),
		"",
	} {
		checkToken(t, token, other, "belongs to another request: filter, order and flags must stay as they were")
	}
}

// A token of a later version has an error of its own.
func TestTokensOfAnotherVersion(t *testing.T) {
	raw := append([]byte{2}, "anything at all"...)
	sum := crc32.ChecksumIEEE(raw)
	raw = append(raw, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	checkToken(t, base64.RawURLEncoding.EncodeToString(raw), "f", "is of another version")
}

// A token with a cursor of another type is damaged.
func TestTokensOfAnotherCursor(t *testing.T) {
	checkToken(t, query.EncodeToken("f", map[string]int{"a": 1}), "f", "is damaged")
}

func TestNoTokenIsTheFirstPage(t *testing.T) {
	var cursor []string
	if err := query.DecodeToken("", "f", &cursor); err != nil || cursor != nil {
		t.Errorf("got %q, %v", cursor, err)
	}
}
