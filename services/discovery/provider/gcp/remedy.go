package gcp

import (
	"errors"
	"fmt"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// remedyOdd is what to do about answers that make no sense.
const remedyOdd = "Nothing of this answer was taken, and Rollcall tries again by itself. " +
	"If it goes on, look at what answers at the endpoint: a proxy, or a simulator."

// remedy says for people what to do about a failure of this call.
func (c call) remedy(reason fault.Reason, err error, link string) string {
	switch reason {
	case fault.ReasonCredentialsInvalid:
		if errors.Is(err, errNoDefault) {
			return "Give discovery application default credentials: GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, " +
				"or the service account of its machine; or give the account credentials of its own."
		}
		return fmt.Sprintf("Check %s: the key may have been deleted, or the service account switched off. A new key file given to the account mends it.", c.method())
	case fault.ReasonCredentialsExpired:
		return "Renew the credentials; if they are fresh, check that the clock of discovery's machine is right."
	case fault.ReasonPermissionDenied:
		return c.remedyDenied()
	case fault.ReasonThrottled:
		return fmt.Sprintf("Nothing, if it passes: Rollcall tries again by itself. If it goes on, something else uses up the quota of %s in the project; a longer sync interval helps.", c.service)
	case fault.ReasonUnreachable:
		return fmt.Sprintf("Nothing, if it passes: Rollcall tries again by itself. If it goes on, check the network from discovery to %s, and Google Cloud's Service Health.", c.service)
	case fault.ReasonAPIDisabled:
		if link == "" && c.api != "" {
			link = "https://console.cloud.google.com/apis/library/" + c.api + "?project=" + c.project
		}
		return fmt.Sprintf("Enable the API at %s if the project uses %s.", link, c.service)
	}
	return remedyOdd
}

func (c call) remedyDenied() string {
	who := c.method()
	if c.signIn != nil && c.signIn.principal != "" {
		who = c.signIn.principal
	}
	if c.permission == "" {
		return fmt.Sprintf("Check that %s may sign in: an impersonated service account must let discovery's credentials create tokens "+
			"(roles/iam.serviceAccountTokenCreator).", who)
	}
	if c.optional {
		return fmt.Sprintf("Nothing: the project is read without it. Allow %s to %s in the project %s if Rollcall is to start and stop instances there.",
			c.permission, who, c.project)
	}
	return fmt.Sprintf("Allow %s to %s in the project %s, for instance by the role %s, and check that there is such a project.",
		c.permission, who, c.project, roleFor[c.api])
}

// roleFor is the smallest of Google's own roles that lets an API be read.
var roleFor = map[string]string{computeAPI: "roles/compute.viewer", sqlAPI: "roles/cloudsql.viewer"}

func (c call) method() string {
	if c.signIn == nil {
		return "the credentials"
	}
	return c.signIn.method
}
