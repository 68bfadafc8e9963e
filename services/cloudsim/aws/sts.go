package aws

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// sts implements the AWS Security Token Service.
type sts struct{}

const (
	stsVersion   = "2011-06-15"
	stsNamespace = "https://sts.amazonaws.com/doc/" + stsVersion + "/"
)

var stsActions = map[string]action{
	"GetCallerIdentity": queryAnswer("GetCallerIdentity", stsNamespace, getCallerIdentity),
	"AssumeRole":        queryAnswer("AssumeRole", stsNamespace, assumeRole),
}

func (sts) version() string                   { return stsVersion }
func (sts) actions() map[string]action        { return stsActions }
func (sts) narrowed(url.Values) bool          { return true }
func (sts) reads(url.Values) cloudsim.Request { return cloudsim.Request{} }

func (sts) writeError(d *document, f *failure, requestID string) {
	writeQueryError(d, stsNamespace, f, requestID)
}

// queryAnswer wraps the content of an action in the response envelope of AWS's Query protocol,
// which RDS and STS share.
func queryAnswer(name, namespace string, content action) action {
	return func(req *request, d *document) error {
		d.raw("<" + name + `Response xmlns="` + namespace + `"><` + name + "Result>")
		if err := content(req, d); err != nil {
			return err
		}
		d.raw("</" + name + "Result><ResponseMetadata>")
		d.word("RequestId", req.id)
		d.raw("</ResponseMetadata></" + name + "Response>")
		return nil
	}
}

// writeQueryError writes an error in the format of AWS's Query protocol.
func writeQueryError(d *document, namespace string, f *failure, requestID string) {
	d.raw(`<ErrorResponse xmlns="` + namespace + `"><Error>`)
	sender := "Sender"
	if f.status >= http.StatusInternalServerError {
		sender = "Receiver"
	}
	d.word("Type", sender)
	d.text("Code", f.code)
	d.text("Message", f.message)
	d.raw("</Error>")
	d.word("RequestId", requestID)
	d.raw("</ErrorResponse>")
}

func getCallerIdentity(req *request, d *document) error {
	d.word("Arn", req.principal.ARN)
	d.word("UserId", req.principal.UserID)
	d.word("Account", req.principal.Account)
	return nil
}

// assumeRole creates a session in the role's account.
func assumeRole(req *request, d *document) error {
	arn, session := req.form.Get("RoleArn"), req.form.Get("RoleSessionName")
	if len(arn) < 20 || len(session) < 2 || len(session) > 64 {
		return fail(http.StatusBadRequest, "ValidationError", "1 validation error detected: RoleArn and RoleSessionName are required, "+
			"the latter with 2 to 64 characters")
	}
	duration := time.Hour
	if given := req.form.Get("DurationSeconds"); given != "" {
		seconds, err := strconv.Atoi(given)
		if err != nil || seconds < 900 || seconds > 43200 {
			return fail(http.StatusBadRequest, "ValidationError", "1 validation error detected: Value '%s' at 'durationSeconds' failed to "+
				"satisfy constraint: Member must have value between 900 and 43200", given)
		}
		duration = time.Duration(seconds) * time.Second
	}
	p, err := req.cloud.AssumeRole(req.principal, arn, req.form.Get("ExternalId"), session, duration)
	switch {
	case errors.Is(err, cloudsim.ErrDenied):
		return fail(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s",
			req.principal.ARN, arn)
	case errors.Is(err, cloudsim.ErrInvalid):
		return fail(http.StatusBadRequest, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	case err != nil:
		return err
	}
	d.raw("<AssumedRoleUser>")
	d.text("AssumedRoleId", p.UserID)
	d.text("Arn", p.ARN)
	d.raw("</AssumedRoleUser><Credentials>")
	d.word("AccessKeyId", p.Key.AccessKeyID)
	d.word("SecretAccessKey", p.Key.Secret)
	d.word("SessionToken", p.Key.Token)
	d.word("Expiration", p.Key.Expires.Format(time.RFC3339))
	d.raw("</Credentials><PackedPolicySize>1</PackedPolicySize>")
	return nil
}
