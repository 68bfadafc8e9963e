package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

func TestCredentials_HideSecrets(t *testing.T) {
	t.Parallel()
	const text = "wJalrXUtnFEMI"
	credentials := AWSAssumeRole{RoleARN: "arn", Source: AWSAccessKey{ID: "AKIA", Secret: secret.New(text)}}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "credentials", credentials)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("JSON", "credentials", credentials, "secret", secret.New(text))
	encoded, err := json.Marshal(credentials)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q ", credentials, credentials, credentials, credentials, credentials) + log.String() + string(encoded)
	if strings.Contains(shown, text) || !strings.Contains(shown, "AKIA") {
		t.Errorf("%s", shown)
	}
}
