package keyfile

import (
	"net/url"
	"regexp"
	"strings"
)

// purpose is what an address in a file is for, and which of Google's it may be.
type purpose struct {
	// hosts and path match Google's own addresses, which are https on the usual
	// port.
	hosts, path *regexp.Regexp
	// want says so for people.
	want string
}

var (
	// Where a service account's signed word is exchanged for a token; older files
	// name older places.
	forToken = purpose{
		hosts: regexp.MustCompile(`^(oauth2\.(mtls\.)?googleapis\.com|accounts\.google\.com|www\.googleapis\.com)$`),
		path:  regexp.MustCompile(`^(/token|/o/oauth2/token|/oauth2/v[34]/token)$`),
		want:  "https://oauth2.googleapis.com/token",
	}
	// The Security Token Service, in all its forms: global, regional, mutual TLS,
	// Private Service Connect.
	forExchange = purpose{
		hosts: regexp.MustCompile(`^(sts\.(mtls\.)?googleapis\.com|sts\.[a-z0-9-]+\.(rep\.)?googleapis\.com|sts-[a-z0-9-]+\.p\.googleapis\.com)$`),
		path:  regexp.MustCompile(`^/v1/(token|introspect|oauthtoken)$`),
		want:  "https://sts.googleapis.com/v1/token",
	}
	// Where a token for a service account is asked for.
	forImpersonation = purpose{
		hosts: regexp.MustCompile(`^(iamcredentials\.(mtls\.)?googleapis\.com|iamcredentials\.[a-z0-9-]+\.(rep\.)?googleapis\.com|iamcredentials-[a-z0-9-]+\.p\.googleapis\.com)$`),
		path:  impersonationPath,
		want:  "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/…:generateAccessToken",
	}
)

// impersonationPath is that of generateAccessToken, with the service account's
// email address in it.
var impersonationPath = regexp.MustCompile(`^/v1/projects/[^/]+/serviceAccounts/([^/:]+):generateAccessToken$`)

// address reads an address, which must be the whole of what it seems: no user,
// no fragment, nothing that another reader might take for another host.
func address(member, text string) (*url.URL, error) {
	for _, c := range text {
		if c <= ' ' || c > '~' || c == '\\' {
			return nil, wrong(member, "must be an address of plain characters")
		}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Opaque != "":
		return nil, wrong(member, "must be an address, https://…")
	case u.User != nil:
		return nil, wrong(member, "must not name a user or a password")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, wrong(member, "must not have a fragment")
	}
	return u, nil
}

// check holds an address to its purpose, or to be allowed by the operator.
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

// foreign refuses an address that nobody vouches for.
func foreign(member, want string) *Error {
	return wrong(member, "must be Google's own address, such as %s, or on a host that the operator of Rollcall allows "+
		"(ROLLCALL_ALLOWED_TOKEN_HOSTS)", want)
}
