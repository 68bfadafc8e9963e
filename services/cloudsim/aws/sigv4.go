package aws

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
)

// authorization is the content of a SigV4 Authorization header.
type authorization struct {
	accessKeyID string
	region      string
	service     string
	signed      []string // names of the signed headers, in lower case
	signature   string
}

// parseAuthorization parses an Authorization header. Source: "Authenticating Requests: Using the
// Authorization Header".
func parseAuthorization(header string) (authorization, bool) {
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return authorization{}, false
	}
	var auth authorization
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return authorization{}, false
			}
			auth.accessKeyID, auth.region, auth.service = scope[0], scope[2], scope[3]
		case "SignedHeaders":
			auth.signed = strings.Split(value, ";")
		case "Signature":
			auth.signature = value
		}
	}
	return auth, auth.accessKeyID != "" && auth.signature != ""
}

// verify reports whether the signature matches the one that the key's secret gives.
func (a authorization) verify(ctx context.Context, r *http.Request, body []byte, key Key) bool {
	signedAt, err := time.Parse(timeFormat, r.Header.Get("X-Amz-Date"))
	if err != nil {
		return false
	}
	again := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: make(http.Header, len(a.signed))}
	for _, name := range a.signed {
		switch name {
		case "host": // always signed
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	credentials := sdk.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret}
	if again.Header.Get("X-Amz-Security-Token") != "" {
		credentials.SessionToken = key.Token
	}
	if err := v4.NewSigner().SignHTTP(ctx, credentials, again, hex.EncodeToString(sum[:]), a.service, a.region, signedAt); err != nil {
		return false
	}
	expected, ok := parseAuthorization(again.Header.Get("Authorization"))
	return ok && subtle.ConstantTimeCompare([]byte(expected.signature), []byte(a.signature)) == 1
}
