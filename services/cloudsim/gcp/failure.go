package gcp

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// failure is an error response.
type failure struct {
	status  int    // HTTP
	code    string // google.rpc.Code: PERMISSION_DENIED
	reason  string // of errors[0]: forbidden
	domain  string // of errors[0]: global
	message string
	// info is the ErrorInfo in the details, if info.reason is set.
	info errorInfo
	// retry is the delay in the RetryInfo, 0 if there is none.
	retry time.Duration
	// html responds with a page of the front end instead of JSON. oauth responds like a token
	// endpoint: code is the error, and message its description. plain responds with the message
	// alone.
	html, oauth, plain bool
	throttled          bool
}

// errorInfo is google.rpc.ErrorInfo.
type errorInfo struct {
	reason   string
	metadata [][2]string
	// help is a link, and helpText its description.
	help, helpText string
}

// Error returns the code and the message.
func (f *failure) Error() string { return f.code + ": " + f.message }

// fail returns a failure.
func fail(status int, code, reason, format string, args ...any) *failure {
	return &failure{status: status, code: code, reason: reason, domain: "global", message: fmt.Sprintf(format, args...)}
}

// oauthError returns an error of a token endpoint (RFC 6749, section 5.2).
func oauthError(status int, code, description string) *failure {
	return &failure{status: status, code: code, message: description, oauth: true}
}

func invalid(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "INVALID_ARGUMENT", "invalid", format, args...)
}

func unauthenticated(service, reason string) *failure {
	f := fail(http.StatusUnauthorized, "UNAUTHENTICATED", "authError", "Request had invalid authentication credentials. Expected OAuth 2 "+
		"access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.")
	f.info = errorInfo{reason: reason, metadata: [][2]string{{"service", service + ".googleapis.com"}}}
	return f
}

func missingToken() *failure {
	return fail(http.StatusUnauthorized, "UNAUTHENTICATED", "required", "Request is missing required authentication credential. Expected "+
		"OAuth 2 access token, login cookie or other valid authentication credential. "+
		"See https://developers.google.com/identity/sign-in/web/devconsole-project.")
}

// denied returns each service's error for a missing permission.
func denied(call cloudsim.Call, permission, resource string) *failure {
	switch call.Service {
	case "compute":
		return fail(http.StatusForbidden, "PERMISSION_DENIED", "forbidden", "Required '%s' permission for '%s'", permission, resource)
	case "sqladmin":
		f := fail(http.StatusForbidden, "PERMISSION_DENIED", "notAuthorized",
			"boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission %s on resource instances.", permission)
		return f
	}
	f := fail(http.StatusForbidden, "PERMISSION_DENIED", "forbidden", "Permission '%s' denied on resource '//%s.googleapis.com/%s' (or it may not exist).",
		permission, call.Service, resource)
	f.info = errorInfo{reason: "IAM_PERMISSION_DENIED", metadata: [][2]string{{"permission", permission}, {"resource", resource}}}
	return f
}

var serviceTitles = map[string]string{"compute": "Compute Engine API", "sqladmin": "Cloud SQL Admin API", "cloudresourcemanager": "Cloud Resource Manager API"}

// disabled returns the error for an API that is not enabled in a project. It contains the link to
// enable it.
func disabled(service string, projectNumber uint64) *failure {
	number := strconv.FormatUint(projectNumber, 10)
	link := "https://console.developers.google.com/apis/api/" + service + ".googleapis.com/overview?project=" + number
	f := fail(http.StatusForbidden, "PERMISSION_DENIED", "accessNotConfigured", "%s has not been used in project %s before or it is disabled. "+
		"Enable it by visiting %s then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our "+
		"systems and retry.", serviceTitles[service], number, link)
	f.domain = "usageLimits"
	f.info = errorInfo{
		reason: "SERVICE_DISABLED", help: link, helpText: "Google developers console API activation",
		metadata: [][2]string{
			{"activationUrl", link}, {"consumer", "projects/" + number}, {"containerInfo", number},
			{"service", service + ".googleapis.com"}, {"serviceTitle", serviceTitles[service]},
		},
	}
	return f
}

// throttled returns each service's error for too many requests: Compute Engine responds 403, all
// others 429.
func throttled(service string, projectNumber uint64) *failure {
	f := fail(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "rateLimitExceeded", "Quota exceeded for quota metric 'Queries' and limit "+
		"'Queries per minute' of service '%s.googleapis.com' for consumer 'project_number:%d'.", service, projectNumber)
	f.retry = time.Second
	if service == "compute" {
		f.status, f.code, f.domain, f.retry = http.StatusForbidden, "PERMISSION_DENIED", "usageLimits", 0
	}
	f.throttled = true
	f.info = errorInfo{reason: "RATE_LIMIT_EXCEEDED", metadata: [][2]string{
		{"consumer", "projects/" + strconv.FormatUint(projectNumber, 10)}, {"quota_limit", "QueriesPerMinutePerProject"},
		{"quota_limit_value", "1500"}, {"service", service + ".googleapis.com"},
	}}
	return f
}

func notFound(call cloudsim.Call, resource string) *failure {
	if call.Service == "sqladmin" {
		return fail(http.StatusNotFound, "NOT_FOUND", "instanceDoesNotExist", "The Cloud SQL instance does not exist.")
	}
	return fail(http.StatusNotFound, "NOT_FOUND", "notFound", "The resource '%s' was not found", resource)
}

// noProject returns each service's error for a project that does not exist. Cloud SQL does not
// distinguish it from a forbidden one.
func noProject(call cloudsim.Call) *failure {
	if call.Service == "sqladmin" {
		return fail(http.StatusForbidden, "PERMISSION_DENIED", "notAuthorized", "The client is not authorized to make this request.")
	}
	return notFound(call, "projects/"+call.Account)
}

// serverError returns a page of Google's front end, without JSON.
func serverError(status int) *failure { return &failure{status: status, html: true} }

// unreachable returns the error for a zone or region that is unreachable.
func unreachable(place string) *failure {
	return fail(http.StatusServiceUnavailable, "UNAVAILABLE", "backendError", "The service is currently unavailable: %s could not be reached.", place)
}

// asFailure converts an error of an action into a response.
func asFailure(req *request, err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	switch {
	case errors.Is(err, ErrNoProject):
		return noProject(req.call)
	case errors.Is(err, cloudsim.ErrNoRegion):
		return invalid("Invalid value for field 'zone': '%s'. Unknown zone.", req.call.Region)
	case errors.Is(err, cloudsim.ErrNotFound):
		return notFound(req.call, req.resource())
	case errors.Is(err, ErrLocalSSD):
		return invalid("VM has a Local SSD attached but an undefined value for `discard-local-ssd`. If using gcloud, please add " +
			"`--discard-local-ssd=false` or `--discard-local-ssd=true` to your command.")
	case errors.Is(err, cloudsim.ErrWrongState):
		return fail(http.StatusBadRequest, "FAILED_PRECONDITION", "invalidState", "The resource '%s' is not ready: %v", req.resource(), err)
	case errors.Is(err, cloudsim.ErrDenied):
		return denied(req.call, req.permission, req.resource())
	default:
		return serverError(http.StatusInternalServerError)
	}
}
