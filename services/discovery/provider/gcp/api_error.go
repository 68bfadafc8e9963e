package gcp

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
)

// statusOf returns the HTTP status of an answer that is an error, or 0 if there was no answer.
func statusOf(err error) int {
	if api, ok := errors.AsType[*googleapi.Error](err); ok {
		return api.Code
	}
	if retrieve, ok := errors.AsType[*oauth2.RetrieveError](err); ok && retrieve.Response != nil {
		return retrieve.Response.StatusCode
	}
	return 0
}

// isThrottled reports whether a call was rejected because of too many calls: with status 429, or
// with 403 and a reason that states so, as Compute Engine does.
func isThrottled(err error) bool {
	if statusOf(err) == http.StatusTooManyRequests {
		return true
	}
	api, ok := errors.AsType[*googleapi.Error](err)
	if !ok || api.Code != http.StatusForbidden {
		return false
	}
	for _, item := range api.Errors {
		switch item.Reason {
		case "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "concurrentLimitExceeded":
			return true
		}
	}
	return detailsOf(api).reason == "RATE_LIMIT_EXCEEDED"
}

// isAbsent reports whether an API answered that the requested resource does not exist. Such an
// answer has a reason; that of a front end which does not know the path has none.
func isAbsent(err error, reasons ...string) bool {
	api, ok := errors.AsType[*googleapi.Error](err)
	return ok && api.Code == http.StatusNotFound &&
		slices.ContainsFunc(reasons, func(reason string) bool { return hasReason(api, reason) })
}

// isUnknownPath reports whether a server does not know the path of a request.
func isUnknownPath(err error) bool {
	api, ok := errors.AsType[*googleapi.Error](err)
	return ok && api.Code == http.StatusNotFound && len(api.Errors) == 0
}

// hasReason reports whether an error has a reason in its older form, `errors`.
func hasReason(api *googleapi.Error, reason string) bool {
	return slices.ContainsFunc(api.Errors, func(item googleapi.ErrorItem) bool { return item.Reason == reason })
}

// reasonOf returns the reason of an error, in either of its forms.
func reasonOf(api *googleapi.Error) string {
	if len(api.Errors) > 0 && api.Errors[0].Reason != "" {
		return api.Errors[0].Reason
	}
	return detailsOf(api).reason
}

// errorDetails is the part of an error's details that is used here.
type errorDetails struct {
	// reason is that of google.rpc.ErrorInfo.
	reason string
	// link is the page on which the API can be enabled.
	link string
}

// detailsOf reads google.rpc.ErrorInfo and google.rpc.Help. Package apierror of the generated
// clients can't: it ignores the details of an error that also has the older form.
func detailsOf(api *googleapi.Error) (d errorDetails) {
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
				d.link = consoleLink.FindString(text)
			}
		case strings.HasSuffix(kind, "google.rpc.Help"):
			links, _ := detail["links"].([]any)
			for _, item := range links {
				link, _ := item.(map[string]any)
				text, _ := link["url"].(string)
				if found := consoleLink.FindString(text); found != "" {
					d.link = found
				}
			}
		}
	}
	return d
}

// consoleLink matches the pages on which an API can be enabled.
var consoleLink = regexp.MustCompile(`https://console\.(developers|cloud)\.google\.com/[!-~]*[A-Za-z0-9_-]`)
