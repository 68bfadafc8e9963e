package aws

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
)

func TestAPIOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ service, operation, want string }{
		{"EC2", "DescribeInstances", ratelimit.APIEC2},
		{"EC2", "StopInstances", ratelimit.APIEC2Changes},
		{"EC2", "StartInstances", ratelimit.APIEC2Starts},
		{"RDS", "StopDBInstance", ratelimit.APIRDS},
		{"RDS", "DescribeDBInstances", ratelimit.APIRDS},
		{"STS", "AssumeRole", ratelimit.APISTS},
	} {
		got := apiOf(c.service, c.operation)
		if _, listed := ratelimit.APILimits[got]; got != c.want || !listed {
			t.Errorf("%s %s counts against %q (listed: %v), want %q", c.service, c.operation, got, listed, c.want)
		}
	}
}
