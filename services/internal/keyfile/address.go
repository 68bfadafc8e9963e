package keyfile

import (
	"net/url"
	"regexp"
	"strings"
)

// purpose states which of Google's URLs a member may have.
type purpose struct {
	// hosts and path match Google's URLs, which use https and the default port.
	hosts, path *regexp.Regexp
	// want describes them for people.
	want string
}

var (
	// forToken exchanges the signed assertion of a service account for a token. Older
	// files have older URLs.
	forToken = purpose{
		hosts: regexp.MustCompile(`^(oauth2\.(mtls\.)?googleapis\.com|accounts\.google\.com|www\.googleapis\.com)$`),
		path:  regexp.MustCompile(`^(/token|/o/oauth2/token|/oauth2/v[34]/token)$`),
		want:  "https://oauth2.googleapis.com/token",
	}
	// forExchange is the Security Token Service in all its forms: global, regional,
	// mutual TLS and Private Service Connect.
	forExchange = purpose{
		hosts: regexp.MustCompile(`^(sts\.(mtls\.)?googleapis\.com|sts\.[a-z0-9-]+\.(rep\.)?googleapis\.com|sts-[a-z0-9-]+\.p\.googleapis\.com)$`),
		path:  regexp.MustCompile(`^/v1/(token|introspect|oauthtoken)$`),
		want:  "https://sts.googleapis.com/v1/token",
	}
	// forImpersonation returns a token for a service account.
	forImpersonation = purpose{
		hosts: regexp.MustCompile(`^(iamcredentials\.(mtls\.)?googleapis\.com|iamcredentials\.[a-z0-9-]+\.(rep\.)?googleapis\.com|iamcredentials-[a-z0-9-]+\.p\.googleapis\.com)$`),
		path:  impersonationPath,
		want:  "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/…:generateAccessToken",
	}
)

// impersonationPath matches the path of generateAccessToken, which contains the email
// address of the service account.
var impersonationPath = regexp.MustCompile(`^/v1/projects/[^/]+/serviceAccounts/([^/:]+):generateAccessToken$`)

// address parses a URL. It refuses users, fragments and characters that another parser
// might read as another host.
func address(member, text string) (*url.URL, error) {
	for _, c := range text {
		if c <= ' ' || c > '~' || c == '\\' {
			return nil, wrong(member, "must be a URL of printable ASCII characters")
		}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Opaque != "":
		return nil, wrong(member, "must be a URL, https://…")
	case u.User != nil:
		return nil, wrong(member, "must not contain a user or a password")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, wrong(member, "must not have a fragment")
	}
	return u, nil
}

// check returns an error unless the URL has the purpose, or its host is allowed by the
// operator.
func (p purpose) check(member, text string, hosts Hosts) error {
	u, err := address(member, text)
	if err != nil {
		return err
	}
	google := u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && u.RawQuery == "" &&
		p.hosts.MatchString(u.Hostname()) && p.path.MatchString(u.EscapedPath())
	if google || hosts.Allow(u) {
		return nil
	}
	return foreign(member, p.want)
}

// foreign returns the error for a URL that is neither Google's nor allowed.
func foreign(member, want string) *Error {
	return wrong(member, "must be a URL of Google, such as %s, or on a host that the operator of Rollcall allows "+
		"(ROLLCALL_ALLOWED_TOKEN_HOSTS)", want)
}
