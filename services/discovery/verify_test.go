package discovery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// What is lacking counts before what can't be told, and what is not needed does
// not count.
func TestVerdict(t *testing.T) {
	t.Parallel()
	denied := NewFailure(PermissionDenied, "denied", "allow it", nil)
	have := TriedPermission("sts:GetCallerIdentity", "", nil)
	lack := TriedPermission("rds:DescribeDBInstances", "eu-west-1", denied)
	unknown := TriedPermission("ec2:DescribeInstances", "us-east-1", context.DeadlineExceeded)
	optional := TriedPermission("ec2:StartInstances", "us-east-1", denied)
	optional.Optional = true
	for name, test := range map[string]struct {
		permissions []Permission
		reason      Reason
		says        string
	}{
		"all":        {[]Permission{have}, "", ""},
		"not needed": {[]Permission{have, optional}, "", ""},
		"unknown":    {[]Permission{have, unknown}, Unreachable, "longer"},
		"lacking":    {[]Permission{unknown, lack, optional}, PermissionDenied, "lack rds:DescribeDBInstances in eu-west-1"},
	} {
		err := verdict(test.permissions)
		if test.reason == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if failure := FailureOf(err); failure.Reason != test.reason || !strings.Contains(failure.Message, test.says) {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}

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
