package keyfile

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"regexp"
	"strings"
)

// ServiceAccount is the key of a service account.
type ServiceAccount struct {
	// ProjectID is the id of the project of the service account.
	ProjectID string
	// ClientEmail and ClientID identify the service account, PrivateKeyID identifies
	// the key.
	ClientEmail, ClientID, PrivateKeyID string
	// TokenURI is the URL that returns tokens.
	TokenURI string
	// PrivateKey is the private key in PEM form, which is the secret.
	PrivateKey string
}

const oauthURL = "https://oauth2.googleapis.com/token"

// ParseServiceAccount parses a key file of type service_account. Its token URL must be
// Google's or have one of the hosts. Errors are of type *Error.
func ParseServiceAccount(file []byte, hosts Hosts) (*ServiceAccount, error) {
	o, err := parse(file)
	if err != nil {
		return nil, err
	}
	if err := o.checkType("service_account", "the key of a service account"); err != nil {
		return nil, err
	}
	if err := o.checkUniverse(); err != nil {
		return nil, err
	}
	var key ServiceAccount
	if err := o.fill(map[string]*string{
		"project_id": &key.ProjectID, "client_email": &key.ClientEmail, "private_key": &key.PrivateKey,
	}); err != nil {
		return nil, err
	}
	if err := o.fillOptional(map[string]*string{
		"client_id": &key.ClientID, "private_key_id": &key.PrivateKeyID, "token_uri": &key.TokenURI,
	}); err != nil {
		return nil, err
	}
	if key.TokenURI == "" {
		key.TokenURI = oauthURL
	}
	if err := key.check(hosts); err != nil {
		return nil, err
	}
	return &key, nil
}

var (
	emailPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}@[A-Za-z0-9.-]{1,189}$`)
	plainPattern = regexp.MustCompile(`^[A-Za-z0-9._:-]{0,128}$`)
)

func (s *ServiceAccount) check(hosts Hosts) error {
	if !emailPattern.MatchString(s.ClientEmail) {
		return wrong("client_email", "must be the email address of a service account")
	}
	for member, text := range map[string]string{"client_id": s.ClientID, "private_key_id": s.PrivateKeyID, "project_id": s.ProjectID} {
		if !plainPattern.MatchString(text) {
			return wrong(member, "must be an id as Google makes them")
		}
	}
	if err := forToken.check("token_uri", s.TokenURI, hosts); err != nil {
		return err
	}
	_, err := s.Key()
	return err
}

// maxKeySize is the largest size of a key in bytes of its DER form. A key of 8192 bits
// has 4.7 kB, those of Google with 2048 bits have 1.2 kB. Checking larger ones would take
// too long.
const maxKeySize = 5000

// Key returns the private key. Errors are of type *Error.
func (s *ServiceAccount) Key() (*rsa.PrivateKey, error) {
	block, rest := pem.Decode([]byte(s.PrivateKey))
	if block == nil {
		return nil, wrong("private_key", "must be a private key in PEM form, with its first and last line")
	}
	if strings.TrimSpace(string(rest)) != "" {
		return nil, wrong("private_key", "must be one private key, and nothing after it")
	}
	if len(block.Bytes) > maxKeySize {
		return nil, wrong("private_key", "must be an RSA key of at most 8192 bits")
	}
	key, err := parseRSA(block)
	if err != nil {
		// The cause may quote the key.
		return nil, wrong("private_key", "is not a valid RSA private key: it may have been truncated or changed")
	}
	return key, nil
}

func parseRSA(block *pem.Block) (*rsa.PrivateKey, error) {
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if key, ok := parsed.(*rsa.PrivateKey); ok {
			return key, nil
		}
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	return nil, errors.New("no RSA private key")
}

// JSON returns a file with the members that were parsed.
func (s *ServiceAccount) JSON() []byte {
	return marshal(struct {
		Type         string `json:"type"`
		ProjectID    string `json:"project_id"`
		PrivateKeyID string `json:"private_key_id,omitempty"`
		PrivateKey   string `json:"private_key"`
		ClientEmail  string `json:"client_email"`
		ClientID     string `json:"client_id,omitempty"`
		TokenURI     string `json:"token_uri"`
		Universe     string `json:"universe_domain"`
	}{"service_account", s.ProjectID, s.PrivateKeyID, s.PrivateKey, s.ClientEmail, s.ClientID, s.TokenURI, universe})
}

// marshal returns the JSON of a struct of strings and numbers, which can't fail.
func marshal(file any) []byte {
	text, err := json.Marshal(file)
	if err != nil {
		panic(err)
	}
	return text
}
