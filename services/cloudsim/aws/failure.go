package aws

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// failure is an error response.
type failure struct {
	status  int
	code    string
	message string
}

// Error returns the code and the message.
func (f *failure) Error() string { return f.code + ": " + f.message }

// fail returns a failure.
func fail(status int, code, format string, args ...any) *failure {
	return &failure{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// The failures that all services share, with the code of each service. Sources: "Error codes for
// the Amazon EC2 API", and "Common Errors" of the RDS and STS API references.

func unknownKey(service string) *failure {
	if service == "ec2" {
		return fail(http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials")
	}
	return fail(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
}

func expired(service string) *failure {
	if service == "ec2" {
		return fail(http.StatusBadRequest, "RequestExpired", "Request has expired.")
	}
	return fail(http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
}

func wrongSignature() *failure {
	return fail(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature "+
		"you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

func missingAuthentication() *failure {
	return fail(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
}

func throttled(service string) *failure {
	if service == "ec2" {
		return fail(http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.")
	}
	return fail(http.StatusBadRequest, "Throttling", "Rate exceeded")
}

func denied(service, action, arn string) *failure {
	if service == "ec2" {
		return fail(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. User: %s is not "+
			"authorized to perform: ec2:%s because no identity-based policy allows the ec2:%s action", arn, action, action)
	}
	return fail(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: %s:%s because no identity-based policy "+
		"allows the %s:%s action", arn, service, action, service, action)
}

func internalError(service string) *failure {
	if service == "ec2" {
		return fail(http.StatusInternalServerError, "InternalError", "An internal error has occurred")
	}
	return fail(http.StatusInternalServerError, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
}

func unavailable(service string) *failure {
	if service == "ec2" {
		return fail(http.StatusServiceUnavailable, "Unavailable", "The server is overloaded and can't handle the request.")
	}
	return fail(http.StatusServiceUnavailable, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
}

func notEnabled(service string) *failure {
	return unknownKey(service) // AWS's response in a region that the account has not enabled
}

func unknownAction(action, version string) *failure {
	return fail(http.StatusBadRequest, "InvalidAction", "The action %s is not valid for this web service version %s.", action, version)
}

// authenticationFailure converts an error of Cloud.Authenticate into a response.
func authenticationFailure(service string, err error) *failure {
	if errors.Is(err, cloudsim.ErrExpiredToken) {
		return expired(service)
	}
	return unknownKey(service)
}
