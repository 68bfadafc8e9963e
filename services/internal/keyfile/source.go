package keyfile

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Source is where the identity of another cloud comes from. One of the fields is set.
type Source struct {
	// URL returns a token.
	URL *URLSource
	// AWS signs a request to STS.
	AWS *AWSSource
}

// URLSource is a URL that returns a token.
type URLSource struct {
	URL string
	// Headers are the headers of the request.
	Headers map[string]string
	// Format is the format of the response, `text` or `json`. Field is the member of a
	// JSON response that has the token.
	Format, Field string
}

// AWSSource is the identity of an AWS machine, from its metadata server. If a URL is
// empty, Google's libraries use the environment.
type AWSSource struct {
	// EnvironmentID is the version of the format, `aws1`.
	EnvironmentID string
	// RegionURL, CredentialsURL and SessionTokenURL belong to the metadata server.
	RegionURL, CredentialsURL, SessionTokenURL string
	// VerificationURL is the URL of STS GetCallerIdentity, with `{region}` for the region.
	VerificationURL string
}

func parseSource(o object, hosts Hosts) (Source, error) {
	source, ok, err := o.object("credential_source")
	if err != nil {
		return Source{}, err
	}
	if !ok {
		return Source{}, wrong("credential_source", "is missing")
	}
	for member, what := range map[string]string{
		"file": "a file on the machine of Rollcall", "executable": "a program on the machine of Rollcall", "certificate": "a certificate on the machine of Rollcall",
	} {
		if source.has(member) {
			return Source{}, wrong("credential_source."+member,
				"is refused: an account can't be read with %s; get the token from a URL or from AWS", what)
		}
	}
	if source.has("environment_id") {
		aws, err := parseAWSSource(source, hosts)
		return Source{AWS: aws}, err
	}
	if !source.has("url") {
		return Source{}, wrong("credential_source", "must have a url or be the source of AWS")
	}
	fromURL, err := parseURLSource(source, hosts)
	return Source{URL: fromURL}, err
}

func parseURLSource(o object, hosts Hosts) (*URLSource, error) {
	source := &URLSource{Format: "text"}
	if err := o.fill(map[string]*string{"url": &source.URL}); err != nil {
		return nil, err
	}
	format, ok, err := o.object("format")
	if err != nil {
		return nil, err
	}
	if ok {
		if err := source.readFormat(format); err != nil {
			return nil, err
		}
	}
	if source.Headers, err = parseHeaders(o); err != nil {
		return nil, err
	}
	return source, source.check(hosts)
}

func (s *URLSource) readFormat(format object) (err error) {
	if err := format.fill(map[string]*string{"type": &s.Format}); err != nil {
		return err
	}
	switch s.Format {
	case "text":
		return nil
	case "json":
		return format.fill(map[string]*string{"subject_token_field_name": &s.Field})
	}
	return wrong("credential_source.format.type", "must be text or json")
}

// azureToken matches the URL of Azure's instance metadata service, which requires the
// header `Metadata: true` (Microsoft Learn, "managed identities, get a token").
var azureToken = regexp.MustCompile(`^http://169\.254\.169\.254/metadata/identity/oauth2/token\?[A-Za-z0-9_.:/%=&-]+$`)

func (s *URLSource) check(hosts Hosts) error {
	const member = "credential_source.url"
	u, err := address(member, s.URL)
	if err != nil {
		return err
	}
	if hosts.Allow(u) {
		return nil
	}
	if !azureToken.MatchString(s.URL) {
		return wrong(member, "must be Azure's http://169.254.169.254/metadata/identity/oauth2/token?…, "+
			"or on a host that the operator of Rollcall allows (ROLLCALL_ALLOWED_TOKEN_HOSTS)")
	}
	for name := range s.Headers {
		if http.CanonicalHeaderKey(name) != "Metadata" {
			return wrong("credential_source.headers", "must be only Metadata for Azure's metadata server")
		}
	}
	return nil
}

var (
	headerName  = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	headerValue = regexp.MustCompile(`^[ -~]{0,1000}$`)
)

// parseHeaders parses the headers of a request.
func parseHeaders(o object) (map[string]string, error) {
	const member = "credential_source.headers"
	headers, ok, err := o.object("headers")
	if err != nil || !ok {
		return nil, err
	}
	if len(headers.members) > 16 {
		return nil, wrong(member, "must be at most 16")
	}
	read := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(headers.members)) {
		var value string
		if err := json.Unmarshal(headers.members[name], &value); err != nil ||
			!headerName.MatchString(name) || !headerValue.MatchString(value) {
			return nil, wrong(member, "must be names and values of HTTP headers")
		}
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection":
			return nil, wrong(member, "must not change the host or the encoding of the request")
		}
		read[name] = value
	}
	return read, nil
}

// AWS's metadata server (EC2 User Guide, "Access instance metadata") and STS.
var (
	awsMetadata = map[string]*regexp.Regexp{
		"region_url":               regexp.MustCompile(`^http://(169\.254\.169\.254|\[fd00:ec2::254\])/latest/meta-data/placement/(availability-zone|region)$`),
		"url":                      regexp.MustCompile(`^http://(169\.254\.169\.254|\[fd00:ec2::254\])/latest/meta-data/iam/security-credentials/?$`),
		"imdsv2_session_token_url": regexp.MustCompile(`^http://(169\.254\.169\.254|\[fd00:ec2::254\])/latest/api/token$`),
	}
	awsVerification = regexp.MustCompile(`^https://sts(\.\{region\}|\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?/?\?Action=GetCallerIdentity&Version=2011-06-15$`)
)

func parseAWSSource(o object, hosts Hosts) (*AWSSource, error) {
	source := &AWSSource{}
	if err := o.fill(map[string]*string{
		"environment_id": &source.EnvironmentID, "regional_cred_verification_url": &source.VerificationURL,
	}); err != nil {
		return nil, err
	}
	texts := map[string]*string{
		"region_url": &source.RegionURL, "url": &source.CredentialsURL, "imdsv2_session_token_url": &source.SessionTokenURL,
	}
	if err := o.fillOptional(texts); err != nil {
		return nil, err
	}
	if source.EnvironmentID != "aws1" {
		return nil, wrong("credential_source.environment_id", "must be aws1")
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := *texts[name]
		if text != "" && !awsMetadata[name].MatchString(text) && !allowed(text, hosts) {
			return nil, wrong(o.path+name, "must be a URL of AWS's metadata server, http://169.254.169.254/latest/…, "+
				"or on a host that the operator of Rollcall allows (ROLLCALL_ALLOWED_TOKEN_HOSTS)")
		}
	}
	if !awsVerification.MatchString(source.VerificationURL) && !allowed(source.VerificationURL, hosts) {
		return nil, foreignAWS(o.path + "regional_cred_verification_url")
	}
	return source, nil
}

func foreignAWS(member string) *Error {
	return wrong(member, "must be AWS's https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15")
}

// allowed reports whether the operator allows the host of a URL. The URL may contain
// `{region}` after the host.
func allowed(text string, hosts Hosts) bool {
	u, err := address("", text)
	return err == nil && !strings.Contains(u.Host, "{") && hosts.Allow(u)
}

// json returns the member credential_source.
func (s Source) json() any {
	if s.AWS != nil {
		return struct {
			EnvironmentID   string `json:"environment_id"`
			RegionURL       string `json:"region_url,omitempty"`
			CredentialsURL  string `json:"url,omitempty"`
			SessionTokenURL string `json:"imdsv2_session_token_url,omitempty"`
			VerificationURL string `json:"regional_cred_verification_url"`
		}{s.AWS.EnvironmentID, s.AWS.RegionURL, s.AWS.CredentialsURL, s.AWS.SessionTokenURL, s.AWS.VerificationURL}
	}
	type format struct {
		Type  string `json:"type"`
		Field string `json:"subject_token_field_name,omitempty"`
	}
	return struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers,omitempty"`
		Format  format            `json:"format"`
	}{s.URL.URL, s.URL.Headers, format{s.URL.Format, s.URL.Field}}
}
