package sync

import (
	"context"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// What is lacking counts before what can't be told, and what is not needed does
// not count.
func TestVerdict(t *testing.T) {
	t.Parallel()
	denied := fault.ForReason(fault.ReasonPermissionDenied, "denied", "allow it", nil)
	have := provider.TriedPermission("sts:GetCallerIdentity", "", nil)
	lack := provider.TriedPermission("rds:DescribeDBInstances", "eu-west-1", denied)
	unknown := provider.TriedPermission("ec2:DescribeInstances", "us-east-1", context.DeadlineExceeded)
	optional := provider.TriedPermission("ec2:StartInstances", "us-east-1", denied)
	optional.Optional = true
	for name, test := range map[string]struct {
		permissions []provider.Permission
		reason      fault.Reason
		says        string
	}{
		"all":        {[]provider.Permission{have}, "", ""},
		"not needed": {[]provider.Permission{have, optional}, "", ""},
		"unknown":    {[]provider.Permission{have, unknown}, fault.ReasonUnreachable, "longer"},
		"lacking":    {[]provider.Permission{unknown, lack, optional}, fault.ReasonPermissionDenied, "lack rds:DescribeDBInstances in eu-west-1"},
	} {
		err := verdict(test.permissions)
		if test.reason == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if failure := provider.FaultOf(err); failure.Reason != test.reason || !strings.Contains(failure.Message, test.says) {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}
