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

// ServiceAccount is a service account's key.
type ServiceAccount struct {
	// ProjectID of the project that the service account belongs to.
	ProjectID string
	// ClientEmail and ClientID name the service account; PrivateKeyID tells which
	// of its keys this is.
	ClientEmail, ClientID, PrivateKeyID string
	// TokenURI is where tokens come from.
	TokenURI string
	// PrivateKey as PEM: the secret.
	PrivateKey string
}

const oauthURL = "https://oauth2.googleapis.com/token"

// ParseServiceAccount reads a key file of type service_account. Its token
// address must be Google's or on one of hosts. Errors are *Error.
func ParseServiceAccount(file []byte, hosts Hosts) (*ServiceAccount, error) {
	o, err := parse(file)
	if err != nil {
		return nil, err
	}
	if err := o.checkType("service_account", "a service account's key"); err != nil {
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

// maxKeySize bounds a key in bytes of its DER form: one of 8192 bits has 4.7 kB,
// Google's of 2048 bits 1.2 kB. Larger ones would keep us busy checking them.
const maxKeySize = 5000

// Key is the private key as it is used. Errors are *Error.
func (s *ServiceAccount) Key() (*rsa.PrivateKey, error) {
	block, rest := pem.Decode([]byte(s.PrivateKey))
	if block == nil {
		return nil, wrong("private_key", "must be a private key in PEM form, with its first and last line")
	}
	if strings.TrimSpace(string(rest)) != "" {
		return nil, wrong("private_key", "must be one private key, and nothing after it")
	}
	if len(block.Bytes) > maxKeySize {
		return nil, wrong("private_key", "must be an RSA key of 8192 bits at the most")
	}
	key, err := parseRSA(block)
	if err != nil {
		// The cause may quote the key.
		return nil, wrong("private_key", "does not parse as an RSA private key: it may have been cut or changed on the way")
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

// JSON is the file written anew from what was read of it.
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

// marshal is the JSON of a struct of texts and numbers, which can't fail.
func marshal(file any) []byte {
	text, err := json.Marshal(file)
	if err != nil {
		panic(err)
	}
	return text
}
