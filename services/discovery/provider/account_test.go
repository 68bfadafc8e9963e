package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// However credentials are written down, their secrets are not.
func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	const secret = "wJalrXUtnFEMI"
	credentials := AWSAssumeRole{RoleARN: "arn", Source: AWSAccessKey{ID: "AKIA", Secret: secret}}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "credentials", credentials)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("JSON", "credentials", credentials, "secret", Secret(secret))
	encoded, err := json.Marshal(credentials)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q ", credentials, credentials, credentials, credentials, credentials) + log.String() + string(encoded)
	if strings.Contains(shown, secret) || !strings.Contains(shown, "AKIA") {
		t.Errorf("%s", shown)
	}
}
