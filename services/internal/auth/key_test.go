package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestKey_UnmarshalText(t *testing.T) {
	encode := func(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n)) }
	for name, tt := range map[string]struct {
		text string
		size int
		ok   bool
	}{
		"empty":       {"", 0, true},
		"32 bytes":    {encode(32), 32, true},
		"64 bytes":    {encode(64), 64, true},
		"with blanks": {" " + encode(32) + "\n", 32, true},
		"31 bytes":    {encode(31), 0, false},
		"not base64":  {strings.Repeat("!", 60), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			var key Key
			err := key.UnmarshalText([]byte(tt.text))
			if (err == nil) != tt.ok || len(key.bytes()) != tt.size || key.IsZero() != (tt.size == 0) {
				t.Errorf("%v, %d bytes, zero %v", err, len(key.bytes()), key.IsZero())
			}
		})
	}
}

func TestNewKey(t *testing.T) {
	one, two := NewKey(), NewKey()
	if len(one.bytes()) != keySize || one.IsZero() || bytes.Equal(one.bytes(), two.bytes()) {
		t.Errorf("%d bytes, zero %v, equal %v", len(one.bytes()), one.IsZero(), bytes.Equal(one.bytes(), two.bytes()))
	}
}

func TestKey_HidesItsBytes(t *testing.T) {
	secret := bytes.Repeat([]byte("7"), keySize) // 55 in decimal, 37 in hexadecimal
	key := Key{secret: &secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %[1]v"} {
		for _, value := range []any{key, struct{ K Key }{key}} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, "777") || strings.Contains(got, "55 55") ||
				strings.Contains(got, "373737") || !strings.Contains(got, placeholder) {
				t.Errorf("%s shows %s", verb, got)
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("event", "key", key)
	encoded, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{key.String(), key.GoString(), key.LogValue().String(), log.String(), string(encoded)} {
		if strings.Contains(got, "777") || !strings.Contains(got, placeholder) {
			t.Errorf("shows %s", got)
		}
	}
}
