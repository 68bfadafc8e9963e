package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxSecret is the maximum size of a secret, in bytes. The API accepts files of 64 KiB.
const maxSecret = 64 << 10

// readSecret returns the content of a file; - is standard input. Its errors don't contain the
// content.
func (s *session) readSecret(path string) (string, error) {
	from := s.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		from = file
	}
	content, err := io.ReadAll(io.LimitReader(from, maxSecret+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("reading %s: %w", path, err)
	case len(content) > maxSecret:
		return "", advise("give the file as you downloaded it from the cloud", "%s is too large to be a key: more than %d bytes", path, maxSecret)
	case len(content) == 0:
		return "", advise("give a file with the key", "%s is empty", path)
	}
	return string(content), nil
}

// secret returns the secret of an access key: from the file or stream of the flags, from the
// environment variables of the AWS SDKs, or from a prompt.
func (f *awsSignIn) secret(s *session, keyID string) (string, error) {
	switch {
	case f.SecretAccessKeyFile != "":
		secret, err := s.readSecret(f.SecretAccessKeyFile)
		return strings.TrimSpace(secret), err
	case f.SecretAccessKeyStdin:
		secret, err := s.readSecret("-")
		return strings.TrimSpace(secret), err
	case os.Getenv("AWS_ACCESS_KEY_ID") == keyID && os.Getenv("AWS_SECRET_ACCESS_KEY") != "":
		return os.Getenv("AWS_SECRET_ACCESS_KEY"), nil
	}
	terminal, ok := s.in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return "", advise("use --secret-access-key-stdin or --secret-access-key-file, or set AWS_SECRET_ACCESS_KEY together with AWS_ACCESS_KEY_ID",
			"the secret of the access key is missing")
	}
	fmt.Fprintf(s.err, "Secret of the access key %s: ", clean(keyID))
	secret, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(s.err)
	return strings.TrimSpace(string(secret)), err
}
