package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// call is what was tried when an error came.
type call struct {
	// service for people, Compute Engine; place, a zone or region, may be empty.
	service, place string
	// api is the service's name, compute.googleapis.com; permission what the call
	// needs, compute.instances.list.
	api, permission string
	// optional tells that projects are read without the permission.
	optional bool
	project  string
	signIn   *signIn
	// first tells that it is among the first calls of a run; see firstAnswer.
	first bool
}

// String names the place for people: `Compute Engine in europe-west1-b`.
func (c call) String() string {
	if c.place != "" {
		return c.service + " in " + c.place
	}
	return c.service
}

// classify is what an error of a call means, a *fault.Error.
func classify(err error, at call) error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	reason, says, link := explain(err)
	if reason == "" {
		reason, says = fault.ReasonInternal, "gave an answer that can't be understood"
	}
	if _, ok := errors.AsType[*signInError](err); ok && at.api != "" {
		says = "was not asked: the source of the credentials " + says
	}
	return fault.ForReason(reason, at.String()+" "+says, at.remedy(reason, err, link), err)
}

// explain is the reason of an error, what the cloud did, as the end of a sentence
// that begins with the service, and the link to what would help, if it named one.
func explain(err error) (reason fault.Reason, says, link string) {
	if signIn, ok := errors.AsType[*signInError](err); ok {
		err = signIn.err // What is around it is of the call that needed the token, and was not made.
	}
	switch {
	case isThrottled(err):
		return fault.ReasonThrottled, "goes on refusing calls as too many, also after slowing down", ""
	case errors.Is(err, errNoDefault):
		return fault.ReasonCredentialsInvalid, "gave none: there are no application default credentials where discovery runs", ""
	case errors.Is(err, errNoToken):
		return fault.ReasonInternal, "gave an answer without a token", ""
	}
	if retrieve, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		reason, says = explainGrant(retrieve)
		return reason, says, ""
	}
	if api, ok := errors.AsType[*googleapi.Error](err); ok {
		return explainAPI(api)
	}
	if odd, ok := errors.AsType[*oddAnswerError](err); ok {
		return fault.ReasonInternal, "gave " + odd.Error(), ""
	}
	reason, says = explainBroken(err)
	return reason, says, ""
}

// explainBroken reads an error from below the API.
func explainBroken(err error) (fault.Reason, string) {
	_, sent := errors.AsType[*url.Error](err)
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, mistyped := errors.AsType[*json.UnmarshalTypeError](err)
	_, network := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errTooLong):
		return fault.ReasonInternal, "gave an answer beyond all measure: " + errTooLong.Error()
	case isTimeout(err):
		return fault.ReasonUnreachable, "did not answer in time"
	case syntax, mistyped, errors.Is(err, proto.Error):
		return fault.ReasonInternal, "gave an answer that can't be understood"
	case errors.Is(err, io.ErrUnexpectedEOF) && !sent:
		return fault.ReasonUnreachable, "gave an answer that broke off in the middle"
	case errors.Is(err, errEmptyAnswer), err == io.EOF: //nolint:errorlint // A wrapped one is a connection that ended; this is an empty body.
		return fault.ReasonInternal, "gave an answer that is empty"
	case sent, network, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return fault.ReasonUnreachable, "can't be reached: " + networkText(err)
	}
	return "", ""
}

// explainAPI reads Google's own error (AIP-193), by its details, then its reason,
// then its status.
func explainAPI(api *googleapi.Error) (reason fault.Reason, says, link string) {
	details := detailsOf(api)
	says = fmt.Sprintf("answered with HTTP status %d", api.Code)
	if message := shorten(api.Message); message != "" && !strings.Contains(message, "<html") && !strings.Contains(message, "<!DOCTYPE") {
		says = "says: " + message
	}
	switch {
	case details.reason == "SERVICE_DISABLED" || hasReason(api, "accessNotConfigured"):
		if details.link == "" {
			details.link = links.FindString(api.Message)
		}
		return fault.ReasonAPIDisabled, says, details.link
	case details.reason == "BILLING_DISABLED" || details.reason == "CONSUMER_SUSPENDED" || hasReason(api, "accountDisabled"):
		return fault.ReasonAPIDisabled, says, details.link
	case details.reason == "ACCESS_TOKEN_EXPIRED":
		return fault.ReasonCredentialsExpired, says, ""
	}
	switch {
	case api.Code == http.StatusUnauthorized:
		return fault.ReasonCredentialsInvalid, says, ""
	case api.Code == http.StatusForbidden, api.Code == http.StatusNotFound && hasReason(api, "notFound"):
		return fault.ReasonPermissionDenied, says, ""
	case api.Code >= 500:
		return fault.ReasonUnreachable, says, ""
	case api.Code >= 200 && api.Code <= 299:
		return fault.ReasonInternal, "gave an answer that can't be understood", ""
	}
	return fault.ReasonInternal, says, ""
}

// links are the addresses at which Google has an API be enabled.
var links = regexp.MustCompile(`https://console\.(developers|cloud)\.google\.com/[!-~]*[A-Za-z0-9_-]`)

// explainGrant reads why no token was given (RFC 6749, section 5.2). Google's
// token endpoint says all in the description.
func explainGrant(err *oauth2.RetrieveError) (fault.Reason, string) {
	status := 0
	if err.Response != nil {
		status = err.Response.StatusCode
	}
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(err.Body, &body) // What is none is told by the status.
	says := fmt.Sprintf("gave no token, with HTTP status %d", status)
	if body.Error != "" {
		says = "gave no token and says " + shorten(body.Error+": "+body.Description)
	}
	switch {
	case status >= 500, status == http.StatusRequestTimeout:
		return fault.ReasonUnreachable, says
	case body.Error == "access_denied", body.Error == "unauthorized_client", status == http.StatusForbidden:
		return fault.ReasonPermissionDenied, says
	case strings.Contains(body.Description, "expired"), strings.Contains(body.Description, "reasonable timeframe"):
		return fault.ReasonCredentialsExpired, says
	case body.Error != "", status == http.StatusUnauthorized:
		return fault.ReasonCredentialsInvalid, says
	}
	return fault.ReasonInternal, says
}

// details are what we read of the details of an error.
type details struct{ reason, link string }

// detailsOf reads google.rpc.ErrorInfo and Help.
func detailsOf(api *googleapi.Error) (d details) {
	for _, item := range api.Details {
		detail, ok := item.(map[string]any)
		if !ok {
			continue
		}
		kind, _ := detail["@type"].(string)
		switch {
		case strings.HasSuffix(kind, "google.rpc.ErrorInfo"):
			d.reason, _ = detail["reason"].(string)
			if metadata, ok := detail["metadata"].(map[string]any); ok && d.link == "" {
				text, _ := metadata["activationUrl"].(string)
				d.link = links.FindString(text)
			}
		case strings.HasSuffix(kind, "google.rpc.Help"):
			all, _ := detail["links"].([]any)
			for _, one := range all {
				link, _ := one.(map[string]any)
				text, _ := link["url"].(string)
				if found := links.FindString(text); found != "" {
					d.link = found
				}
			}
		}
	}
	return d
}

func hasReason(api *googleapi.Error, reason string) bool {
	for _, item := range api.Errors {
		if item.Reason == reason {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

// networkText is the innermost part of a network error: no URL, no query.
func networkText(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "there is no host " + dns.Name
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return shorten(err.Error())
		}
		err = inner
	}
}

// saidAtMost bounds what is quoted of a cloud's message, in bytes.
const saidAtMost = 400

// shorten bounds a cloud's message.
func shorten(message string) string {
	message = strings.Join(strings.Fields(message), " ")
	if len(message) <= saidAtMost {
		return message
	}
	end := saidAtMost
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + "…"
}

// oddAnswerError is an answer that is not what was asked for, with a status that says
// all is well.
type oddAnswerError struct{ want, got string }

func (e *oddAnswerError) Error() string {
	if e.got == "" {
		return "an answer that is empty, and no " + e.want
	}
	return fmt.Sprintf("an answer that is a %q, and no %s", shorten(e.got), e.want)
}

// nonsense is the failure of an answer that can't be true.
func nonsense(message string) *fault.Error {
	return fault.ForReason(fault.ReasonInternal, message, remedyOdd, nil)
}
