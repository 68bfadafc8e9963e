package keyfile

import (
	"regexp"
	"slices"
)

// ExternalAccount is a configuration of workload identity federation: another
// cloud's identity, exchanged for one of Google's (Google Cloud, "Workload
// Identity Federation"; AIP-4117).
type ExternalAccount struct {
	// Audience is the pool and provider that vouch for the other identity.
	Audience string
	// SubjectTokenType of the other identity, a URN.
	SubjectTokenType string
	// TokenURL is where it is exchanged.
	TokenURL string
	// ImpersonationURL is where the exchanged token asks for one of a service
	// account; empty: it is used as it is.
	ImpersonationURL string
	// TokenLifetime that is asked for there, in seconds; 0: Google's default.
	TokenLifetime int
	// ClientID and ClientSecret of a workforce pool's OAuth client; mostly empty.
	ClientID, ClientSecret string
	// WorkforceProject is the project that a workforce identity's use is billed
	// to; mostly empty.
	WorkforceProject string
	// Source is where the other identity comes from.
	Source Source
}

// subjectTypes are the identities that can come from an address or from AWS.
var subjectTypes = []string{
	"urn:ietf:params:oauth:token-type:jwt",
	"urn:ietf:params:oauth:token-type:id_token",
	"urn:ietf:params:oauth:token-type:saml2",
	awsSubject,
}

const awsSubject = "urn:ietf:params:aws:token-type:aws4_request"

const stsURL = "https://sts.googleapis.com/v1/token"

// ParseExternalAccount reads a file of type external_account. Its addresses must
// be Google's own, those of a cloud's metadata server, or on one of hosts. Errors
// are *Error.
func ParseExternalAccount(file []byte, hosts Hosts) (*ExternalAccount, error) {
	o, err := parse(file)
	if err != nil {
		return nil, err
	}
	if err := o.checkType("external_account", "a configuration of workload identity federation"); err != nil {
		return nil, err
	}
	if err := o.checkUniverse(); err != nil {
		return nil, err
	}
	var account ExternalAccount
	if err := account.read(o); err != nil {
		return nil, err
	}
	if account.Source, err = parseSource(o, hosts); err != nil {
		return nil, err
	}
	if err := account.check(hosts); err != nil {
		return nil, err
	}
	return &account, nil
}

func (e *ExternalAccount) read(o object) (err error) {
	if err := o.fill(map[string]*string{"audience": &e.Audience, "subject_token_type": &e.SubjectTokenType}); err != nil {
		return err
	}
	if err := o.fillOptional(map[string]*string{
		"token_url": &e.TokenURL, "service_account_impersonation_url": &e.ImpersonationURL,
		"client_id": &e.ClientID, "client_secret": &e.ClientSecret, "workforce_pool_user_project": &e.WorkforceProject,
	}); err != nil {
		return err
	}
	if e.TokenURL == "" {
		e.TokenURL = stsURL
	}
	impersonation, ok, err := o.object("service_account_impersonation")
	if err != nil || !ok {
		return err
	}
	// Google's limits on a token's life: ten minutes to twelve hours.
	e.TokenLifetime, err = impersonation.whole("token_lifetime_seconds", 600, 43200)
	return err
}

var audiencePattern = regexp.MustCompile(`^//[!-~]{1,1000}$`)

func (e *ExternalAccount) check(hosts Hosts) error {
	if !audiencePattern.MatchString(e.Audience) {
		return wrong("audience", "must be the name of a pool's provider, //iam.googleapis.com/…")
	}
	if !slices.Contains(subjectTypes, e.SubjectTokenType) {
		return wrong("subject_token_type", "must be one of a JWT, an ID token, SAML 2, or AWS")
	}
	if (e.SubjectTokenType == awsSubject) != (e.Source.AWS != nil) {
		return wrong("subject_token_type", "must be AWS's exactly when the credential source is AWS")
	}
	if !plainPattern.MatchString(e.WorkforceProject) {
		return wrong("workforce_pool_user_project", "must be a project")
	}
	if err := forExchange.check("token_url", e.TokenURL, hosts); err != nil {
		return err
	}
	if e.ImpersonationURL == "" {
		return nil
	}
	return forImpersonation.check("service_account_impersonation_url", e.ImpersonationURL, hosts)
}

// ServiceAccount is the email address of the service account that is
// impersonated; empty when none is, or the address does not tell.
func (e *ExternalAccount) ServiceAccount() string {
	u, err := address("", e.ImpersonationURL)
	if err != nil {
		return ""
	}
	if found := impersonationPath.FindStringSubmatch(u.Path); found != nil {
		return found[1]
	}
	return ""
}

// JSON is the file written anew from what was read of it.
func (e *ExternalAccount) JSON() []byte {
	type impersonation struct {
		Lifetime int `json:"token_lifetime_seconds"`
	}
	file := struct {
		Type             string         `json:"type"`
		Audience         string         `json:"audience"`
		SubjectTokenType string         `json:"subject_token_type"`
		TokenURL         string         `json:"token_url"`
		ImpersonationURL string         `json:"service_account_impersonation_url,omitempty"`
		Impersonation    *impersonation `json:"service_account_impersonation,omitempty"`
		ClientID         string         `json:"client_id,omitempty"`
		ClientSecret     string         `json:"client_secret,omitempty"`
		WorkforceProject string         `json:"workforce_pool_user_project,omitempty"`
		Universe         string         `json:"universe_domain"`
		Source           any            `json:"credential_source"`
	}{
		Type: "external_account", Audience: e.Audience, SubjectTokenType: e.SubjectTokenType,
		TokenURL: e.TokenURL, ImpersonationURL: e.ImpersonationURL,
		ClientID: e.ClientID, ClientSecret: e.ClientSecret, WorkforceProject: e.WorkforceProject,
		Universe: universe, Source: e.Source.json(),
	}
	if e.TokenLifetime != 0 {
		file.Impersonation = &impersonation{e.TokenLifetime}
	}
	return marshal(file)
}
