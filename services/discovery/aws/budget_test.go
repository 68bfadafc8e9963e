package aws

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// Stops count to EC2's limit of changes, and starts to their own, which is lower.
func TestWhichLimitACallCountsTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ service, operation, want string }{
		{"EC2", "DescribeInstances", discovery.APIEC2},
		{"EC2", "StopInstances", discovery.APIEC2Changes},
		{"EC2", "StartInstances", discovery.APIEC2Starts},
		{"RDS", "StopDBInstance", discovery.APIRDS},
		{"RDS", "DescribeDBInstances", discovery.APIRDS},
		{"STS", "AssumeRole", discovery.APISTS},
	} {
		got := apiOf(c.service, c.operation)
		if _, listed := discovery.APILimits[got]; got != c.want || !listed {
			t.Errorf("%s %s counts to %q (listed: %v), want %q", c.service, c.operation, got, listed, c.want)
		}
	}
}
