package gcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// classify returns the fault of a failed call, a *fault.Error.
func classify(err error, c call) error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	meaning := explain(err)
	if _, ok := errors.AsType[*signInError](err); ok && c.api != "" {
		meaning.text = "was not called: the source of the credentials " + meaning.text
	}
	return fault.ForReason(meaning.reason, c.String()+" "+meaning.text, c.remedy(meaning.reason, err, meaning.link), err)
}

// explanation is the meaning of an error.
type explanation struct {
	reason fault.Reason
	// text is the end of a sentence that begins with the service.
	text string
	// link is the page that helps; "" if the cloud named none.
	link string
}

// notUnderstood explains answers that have no meaning here.
var notUnderstood = explanation{reason: fault.ReasonInternal, text: "sent an answer that can't be understood"}

// explain returns the meaning of an error.
func explain(err error) explanation {
	if signIn, ok := errors.AsType[*signInError](err); ok {
		err = signIn.err // The errors around it belong to the call that was not made for want of a token.
	}
	switch {
	case isThrottled(err):
		return explanation{reason: fault.ReasonThrottled, text: "keeps rejecting calls as too many, even after Rollcall slowed down"}
	case errors.Is(err, errNoDefault):
		return explanation{reason: fault.ReasonCredentialsInvalid, text: "issued no token: there are no application default credentials where discovery runs"}
	case errors.Is(err, errNoToken):
		return explanation{reason: fault.ReasonInternal, text: "sent an answer without a token"}
	}
	if retrieve, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return explainGrant(retrieve)
	}
	if api, ok := errors.AsType[*googleapi.Error](err); ok {
		return explainAPI(api)
	}
	if unexpected, ok := errors.AsType[*unexpectedAnswerError](err); ok {
		return explanation{reason: fault.ReasonInternal, text: "sent " + unexpected.Error()}
	}
	return explainConnection(err)
}

// explainConnection explains an error that is no answer of an API.
func explainConnection(err error) explanation {
	_, sent := errors.AsType[*url.Error](err)
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, mistyped := errors.AsType[*json.UnmarshalTypeError](err)
	_, network := errors.AsType[net.Error](err)
	tooLong, isTooLong := errors.AsType[*providerkit.TooLongError](err)
	switch {
	case isTooLong:
		return explanation{reason: fault.ReasonInternal, text: "sent an answer that is too long: " + tooLong.Error()}
	case providerkit.IsTimeout(err):
		return explanation{reason: fault.ReasonUnreachable, text: "did not answer in time"}
	case syntax, mistyped, errors.Is(err, proto.Error):
		return notUnderstood
	case errors.Is(err, io.ErrUnexpectedEOF) && !sent:
		return explanation{reason: fault.ReasonUnreachable, text: "sent an answer that was cut short"}
	case errors.Is(err, errEmptyAnswer), err == io.EOF: //nolint:errorlint // A wrapped one is a closed connection; this is an empty body.
		return explanation{reason: fault.ReasonInternal, text: "sent an answer that is empty"}
	case sent, network, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return explanation{reason: fault.ReasonUnreachable, text: "can't be reached: " + providerkit.NetworkText(err)}
	}
	return notUnderstood
}

// explainAPI explains an error of an API (AIP-193) by its details, then its reason, then its status.
func explainAPI(api *googleapi.Error) explanation {
	details := detailsOf(api)
	text := fmt.Sprintf("answered with HTTP status %d", api.Code)
	if message := providerkit.Shorten(api.Message); message != "" && !strings.Contains(message, "<html") && !strings.Contains(message, "<!DOCTYPE") {
		text = "answered: " + message
	}
	switch {
	case details.reason == "SERVICE_DISABLED" || hasReason(api, "accessNotConfigured"):
		if details.link == "" {
			details.link = consoleLink.FindString(api.Message)
		}
		return explanation{fault.ReasonAPIDisabled, text, details.link}
	case details.reason == "BILLING_DISABLED" || details.reason == "CONSUMER_SUSPENDED" || hasReason(api, "accountDisabled"):
		return explanation{fault.ReasonAPIDisabled, text, details.link}
	case details.reason == "ACCESS_TOKEN_EXPIRED":
		return explanation{fault.ReasonCredentialsExpired, text, ""}
	}
	switch {
	case api.Code == http.StatusUnauthorized:
		return explanation{fault.ReasonCredentialsInvalid, text, ""}
	case api.Code == http.StatusForbidden, api.Code == http.StatusNotFound && hasReason(api, "notFound"):
		return explanation{fault.ReasonPermissionDenied, text, ""}
	case api.Code >= 500:
		return explanation{fault.ReasonUnreachable, text, ""}
	case api.Code >= 200 && api.Code <= 299:
		return notUnderstood
	}
	return explanation{fault.ReasonInternal, text, ""}
}

// explainGrant explains why there is no token (RFC 6749, section 5.2). Google's token endpoint
// states the details in the description.
func explainGrant(err *oauth2.RetrieveError) explanation {
	status := 0
	if err.Response != nil {
		status = err.Response.StatusCode
	}
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(err.Body, &body) // Without a body that can be read, the status decides.
	text := fmt.Sprintf("issued no token and answered with HTTP status %d", status)
	if body.Error != "" {
		text = "issued no token and answered " + providerkit.Shorten(body.Error+": "+body.Description)
	}
	reason := fault.ReasonInternal
	switch {
	case status >= 500, status == http.StatusRequestTimeout:
		reason = fault.ReasonUnreachable
	case body.Error == "access_denied", body.Error == "unauthorized_client", status == http.StatusForbidden:
		reason = fault.ReasonPermissionDenied
	case strings.Contains(body.Description, "expired"), strings.Contains(body.Description, "reasonable timeframe"):
		reason = fault.ReasonCredentialsExpired
	case body.Error != "", status == http.StatusUnauthorized:
		reason = fault.ReasonCredentialsInvalid
	}
	return explanation{reason: reason, text: text}
}

// unexpectedAnswerError is an answer with a good status that is not what was requested.
type unexpectedAnswerError struct{ want, got string }

// Error returns the message.
func (e *unexpectedAnswerError) Error() string {
	if e.got == "" {
		return "an answer that is empty instead of a " + e.want
	}
	return fmt.Sprintf("an answer of kind %q instead of a %s", providerkit.Shorten(e.got), e.want)
}

// invalidAnswer returns the fault of an answer that can't be true.
func invalidAnswer(message string) *fault.Error {
	return fault.ForReason(fault.ReasonInternal, message, remedyInvalidAnswer, nil)
}
