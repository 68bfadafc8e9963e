package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

const text = "hunter2"

func TestReveal(t *testing.T) {
	if got := secret.New(text); got.Reveal() != text || got.IsZero() {
		t.Errorf("got %q, zero %v", got.Reveal(), got.IsZero())
	}
	if none := secret.New(""); none.Reveal() != "" || !none.IsZero() {
		t.Errorf("of an empty text: %q, zero %v", none.Reveal(), none.IsZero())
	}
}

func TestEqual(t *testing.T) {
	if !secret.New(text).Equal(secret.New(text)) || !secret.New("").Equal(secret.Secret{}) {
		t.Error("secrets with the same text are not equal")
	}
	if secret.New(text).Equal(secret.New("other")) || secret.New(text).Equal(secret.Secret{}) {
		t.Error("secrets with different texts are equal")
	}
}

func TestSecret_HidesItsText(t *testing.T) {
	s := secret.New(text)
	inside := struct{ Key secret.Secret }{s}
	for name, form := range map[string]func() (string, error){
		"String":        func() (string, error) { return s.String(), nil },
		"GoString":      func() (string, error) { return s.GoString(), nil },
		"LogValue":      func() (string, error) { return s.LogValue().String(), nil },
		"MarshalText":   func() (string, error) { b, err := s.MarshalText(); return string(b), err },
		"MarshalJSON":   func() (string, error) { b, err := s.MarshalJSON(); return string(b), err },
		"%v":            func() (string, error) { return fmt.Sprintf("%v", s), nil },
		"%+v":           func() (string, error) { return fmt.Sprintf("%+v", s), nil },
		"%#v":           func() (string, error) { return fmt.Sprintf("%#v", s), nil },
		"%q":            func() (string, error) { return fmt.Sprintf("%q", s), nil },
		"%x":            func() (string, error) { return fmt.Sprintf("%x", s), nil },
		"%v in struct":  func() (string, error) { return fmt.Sprintf("%v", inside), nil },
		"%#v in struct": func() (string, error) { return fmt.Sprintf("%#v", inside), nil },
		"JSON":          func() (string, error) { b, err := json.Marshal(inside); return string(b), err },
		"JSON map key":  func() (string, error) { b, err := json.Marshal(map[secret.Secret]int{s: 1}); return string(b), err },
		"XML":           func() (string, error) { b, err := xml.Marshal(s); return string(b), err },
		"text log":      func() (string, error) { return logged(s, false), nil },
		"JSON log":      func() (string, error) { return logged(s, true), nil },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := form()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got, text) || strings.Contains(got, fmt.Sprintf("%x", text)) || !strings.Contains(got, secret.Placeholder) {
				t.Errorf("shows %s", got)
			}
		})
	}
}

func logged(s secret.Secret, asJSON bool) string {
	var out bytes.Buffer
	var handler slog.Handler = slog.NewTextHandler(&out, nil)
	if asJSON {
		handler = slog.NewJSONHandler(&out, nil)
	}
	slog.New(handler).Info("signed in", "key", s)
	return out.String()
}
