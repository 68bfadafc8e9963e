package keyfile

import (
	"regexp"
	"slices"
)

// ExternalAccount is a configuration of workload identity federation: the identity of
// another cloud is exchanged for a Google identity (Google Cloud, "Workload Identity
// Federation"; AIP-4117).
type ExternalAccount struct {
	// Audience is the pool and the provider that verify the other identity.
	Audience string
	// SubjectTokenType is the type of the other identity, a URN.
	SubjectTokenType string
	// TokenURL is the URL that exchanges it.
	TokenURL string
	// ImpersonationURL is the URL that returns a token of a service account for the
	// exchanged token. If it is empty, the exchanged token is used.
	ImpersonationURL string
	// TokenLifetime is the requested life of that token in seconds. 0 means Google's
	// default.
	TokenLifetime int
	// ClientID and ClientSecret belong to the OAuth client of a workforce pool. They are
	// usually empty.
	ClientID, ClientSecret string
	// WorkforceProject is the project that is billed for a workforce identity. It is
	// usually empty.
	WorkforceProject string
	// Source is where the other identity comes from.
	Source Source
}

// subjectTypes lists the types of identities that can come from a URL or from AWS.
var subjectTypes = []string{
	"urn:ietf:params:oauth:token-type:jwt",
	"urn:ietf:params:oauth:token-type:id_token",
	"urn:ietf:params:oauth:token-type:saml2",
	awsSubject,
}

const awsSubject = "urn:ietf:params:aws:token-type:aws4_request"

const stsURL = "https://sts.googleapis.com/v1/token"

// ParseExternalAccount parses a file of type external_account. Its URLs must be Google's,
// those of the metadata server of a cloud, or have one of the hosts. Errors are of type
// *Error.
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
	// Google's limits of the life of a token are ten minutes and twelve hours.
	e.TokenLifetime, err = impersonation.whole("token_lifetime_seconds", 600, 43200)
	return err
}

var audiencePattern = regexp.MustCompile(`^//[!-~]{1,1000}$`)

func (e *ExternalAccount) check(hosts Hosts) error {
	if !audiencePattern.MatchString(e.Audience) {
		return wrong("audience", "must be the name of the provider of a pool, //iam.googleapis.com/…")
	}
	if !slices.Contains(subjectTypes, e.SubjectTokenType) {
		return wrong("subject_token_type", "must be the type of a JWT, an ID token, SAML 2 or AWS")
	}
	if (e.SubjectTokenType == awsSubject) != (e.Source.AWS != nil) {
		return wrong("subject_token_type", "must be that of AWS if the credential source is AWS, and only then")
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

// ServiceAccount returns the email address of the impersonated service account. It is
// empty if there is none, or if the URL does not contain it.
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

// JSON returns a file with the members that were parsed.
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
