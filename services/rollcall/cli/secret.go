package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxSecret bounds what is read as a secret, in bytes: the contract takes files of 64 KiB.
const maxSecret = 64 << 10

// readSecret reads a file that holds a secret; - is standard input. What it holds is told nowhere.
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
		return "", advise("give the file as the cloud made it", "%s is larger than any key: more than %d bytes", path, maxSecret)
	case len(content) == 0:
		return "", advise("", "%s is empty", path)
	}
	return string(content), nil
}

// secret is the secret of the access key with an id: read from where the flags say, from the environment that the AWS SDKs
// read, or asked for.
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
		return "", advise("give it with --secret-access-key-stdin or --secret-access-key-file, or in AWS_SECRET_ACCESS_KEY beside AWS_ACCESS_KEY_ID",
			"the secret of the access key is missing")
	}
	fmt.Fprintf(s.err, "Secret of the access key %s: ", clean(keyID))
	secret, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(s.err)
	return strings.TrimSpace(string(secret)), err
}
