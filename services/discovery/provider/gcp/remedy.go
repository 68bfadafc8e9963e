package gcp

import (
	"errors"
	"fmt"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// remedyInvalidAnswer is the remedy for answers that make no sense.
const remedyInvalidAnswer = "Rollcall ignored this answer and tries again by itself. " +
	"If it goes on, look at what answers at the endpoint: a proxy, or a simulator."

// remedy states what to do about a failure of the call.
func (c call) remedy(reason fault.Reason, err error, link string) string {
	switch reason {
	case fault.ReasonCredentialsInvalid:
		if errors.Is(err, errNoDefault) {
			return "Give discovery application default credentials: GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, " +
				"or the service account of its machine; or give the account credentials of its own."
		}
		return fmt.Sprintf("Check %s: the key may have been deleted, or the service account disabled. Give the account a new key file.", c.method())
	case fault.ReasonCredentialsExpired:
		return "Renew the credentials. If they are new, check that the clock of discovery's machine is right."
	case fault.ReasonPermissionDenied:
		return c.remedyDenied()
	case fault.ReasonThrottled:
		return fmt.Sprintf("Rollcall tries again by itself. If it goes on, something else uses up the quota of %s in the project; use a longer sync interval.", c.service)
	case fault.ReasonUnreachable:
		return fmt.Sprintf("Rollcall tries again by itself. If it goes on, check the network from discovery to %s, and Google Cloud's Service Health.", c.service)
	case fault.ReasonAPIDisabled:
		if link == "" && c.api != "" {
			link = "https://console.cloud.google.com/apis/library/" + c.api + "?project=" + c.project
		}
		return fmt.Sprintf("Enable the API at %s if the project uses %s.", link, c.service)
	}
	return remedyInvalidAnswer
}

func (c call) remedyDenied() string {
	principal := c.method()
	if c.signIn != nil && c.signIn.principal != "" {
		principal = c.signIn.principal
	}
	if c.permission == "" {
		return fmt.Sprintf("Check that %s may sign in: an impersonated service account must let discovery's credentials create tokens "+
			"(roles/iam.serviceAccountTokenCreator).", principal)
	}
	if c.optional {
		return fmt.Sprintf("Nothing: the project is read without it. Grant %s to %s in the project %s if Rollcall is to start and stop instances there.",
			c.permission, principal, c.project)
	}
	return fmt.Sprintf("Grant %s to %s in the project %s, for instance by the role %s, and check that the project exists.",
		c.permission, principal, c.project, viewerRoles[c.api])
}

// viewerRoles are the smallest predefined roles that include reading an API.
var viewerRoles = map[string]string{computeAPI: "roles/compute.viewer", sqlAPI: "roles/cloudsql.viewer"}

// method describes how the session signs in.
func (c call) method() string {
	if c.signIn == nil {
		return "the credentials"
	}
	return c.signIn.method
}
