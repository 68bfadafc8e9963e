package aws

import (
	"fmt"
	"strings"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// remedyOdd is the remedy for answers that can't be true.
const remedyOdd = "The answer was ignored, and Rollcall tries again by itself. " +
	"If it goes on, check what answers at the endpoint: a proxy, or a simulator."

// remedy returns what to do about an error of this call.
func (c call) remedy(reason fault.Reason) string {
	switch reason {
	case fault.ReasonCredentialsInvalid:
		return c.remedyInvalid()
	case fault.ReasonCredentialsExpired:
		return c.remedyExpired()
	case fault.ReasonPermissionDenied:
		return c.remedyDenied()
	case fault.ReasonThrottled:
		return fmt.Sprintf("Nothing, if it passes: Rollcall tries again by itself. If it goes on, something else uses up the request limits of %s; a longer sync interval helps.", c)
	case fault.ReasonUnreachable:
		return fmt.Sprintf("Nothing, if it passes: Rollcall tries again by itself. If it goes on, check the network from discovery to %s, and the AWS Health Dashboard.", c)
	case fault.ReasonAPIDisabled:
		return fmt.Sprintf("Enable %s for the account, or remove %s from the account's regions.", c, c.region)
	}
	return remedyOdd
}

func (c call) remedyInvalid() string {
	key, isKey := c.by.(provider.AWSAccessKey)
	_, isRole := c.by.(provider.AWSAssumeRole)
	switch {
	case c.principal != "":
		// STS accepted them a moment ago.
		text := fmt.Sprintf("Check that the region %s is enabled for the account: where it is not, AWS accepts no credentials.", c.region)
		if isKey {
			text += fmt.Sprintf(" Otherwise the access key %s was deleted or disabled since.", key.ID)
		}
		return text
	case isKey:
		return fmt.Sprintf("Give the account another access key: %s was deleted or disabled, or its secret is wrong.", key.ID)
	case isRole:
		return "Nothing, if it passes: Rollcall assumes the account's role again. If it goes on, check the credentials that assume the role."
	case c.role != nil:
		return fmt.Sprintf("Check the credentials where discovery runs: they must be able to assume %s. They may be an access key that was deleted or disabled.", c.role.RoleARN)
	}
	return "Give discovery AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role of its machine; " +
		"or set the account to assume a role. An access key may have been deleted or disabled."
}

func (c call) remedyExpired() string {
	switch c.by.(type) {
	case provider.AWSAccessKey:
		return "Check that the clock where discovery runs is right: an access key does not expire by itself. If it is, give the account another key."
	case provider.AWSAssumeRole:
		return "Nothing, if it passes: Rollcall assumes the account's role again. If it goes on, renew the credentials that assume the role, " +
			"and check that the clock where discovery runs is right."
	}
	return "Sign in again, or renew the credentials, where discovery runs; if they are new, check that its clock is right."
}

// remedyTrust returns what to do about a role that can't be assumed.
func (c call) remedyTrust() string {
	who := "discovery's credentials"
	switch by := c.by.(type) {
	case provider.AWSAccessKey:
		who = "the user of the access key " + by.ID
	case provider.AWSAssumeRole:
		who = by.RoleARN
	}
	text := fmt.Sprintf("Check that %s exists, that its trust policy lets %s assume it", c.role.RoleARN, who)
	if c.role.ExternalID != "" {
		text += fmt.Sprintf(" with the external id %q", c.role.ExternalID)
	} else {
		text += " without an external id (or give the account the one that it requires)"
	}
	if len(c.role.SessionTags) > 0 {
		return text + " and tag the session (sts:TagSession), and that these are allowed sts:AssumeRole and sts:TagSession."
	}
	return text + ", and that these are allowed sts:AssumeRole."
}

func (c call) remedyDenied() string {
	if c.role != nil {
		return c.remedyTrust()
	}
	who := "the credentials"
	if c.principal != "" {
		who = principalName(c.principal)
	}
	if c.optional {
		return fmt.Sprintf("Nothing: accounts are read without it. Allow %s to %s in %s if Rollcall should start and stop instances there.", c.permission, who, c.region)
	}
	return fmt.Sprintf("Allow %s to %s in %s, and check that no service control policy denies it there.", c.permission, who, c.region)
}

// principalName returns the part of an ARN that people know a principal by: the role of
// `arn:aws:sts::100000000001:assumed-role/rollcall/session` is rollcall.
func principalName(arn string) string {
	_, resource, ok := strings.Cut(arn, "assumed-role/")
	if !ok {
		return arn
	}
	role, _, _ := strings.Cut(resource, "/")
	return "the role " + role
}
