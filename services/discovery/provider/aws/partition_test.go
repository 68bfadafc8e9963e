package aws

import (
	"slices"
	"testing"
)

func TestHomeRegions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		configured, partition string
		wanted, want          []string
	}{
		{"us-east-1", "", nil, []string{"us-east-1", "us-west-2", "eu-west-1"}},
		{"ap-south-1", "aws", nil, []string{"ap-south-1", "us-east-1", "us-west-2"}},
		{"us-east-1", "aws", []string{"eu-central-1"}, []string{"us-east-1", "eu-central-1", "us-west-2"}},
		// A role of another partition than that of the configured region.
		{"us-east-1", "aws-cn", nil, []string{"cn-north-1", "cn-northwest-1"}},
		{"us-east-1", "aws-us-gov", nil, []string{"us-gov-west-1", "us-gov-east-1"}},
		{"us-east-1", "", []string{"cn-northwest-1"}, []string{"cn-northwest-1", "cn-north-1"}},
		{"cn-north-1", "", nil, []string{"cn-north-1", "cn-northwest-1"}},
		// An unknown partition.
		{"xy-mars-1", "aws-mars", nil, []string{"xy-mars-1"}},
	} {
		if got := homeRegions(test.configured, test.partition, test.wanted); !slices.Equal(got, test.want) {
			t.Errorf("configured %q, partition %q, wanted %v: %v, want %v", test.configured, test.partition, test.wanted, got, test.want)
		}
	}
}
