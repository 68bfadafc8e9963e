package aws

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func TestLimits_Class(t *testing.T) {
	bucket := func(size float64) cloudsim.Bucket { return cloudsim.Bucket{Size: size} }
	limits := Limits{
		Read: bucket(1), Unpaged: bucket(2), Write: bucket(3), RDS: bucket(4), STS: bucket(5),
		Actions: map[string]cloudsim.Bucket{"RunInstances": bucket(6), "DescribeVolumes": bucket(7)},
	}
	for _, c := range []struct {
		service, action string
		narrowed        bool
		class           string
		size            float64
	}{
		{"ec2", "DescribeInstances", true, "read", 1},
		{"ec2", "DescribeInstances", false, "unpaged", 2},
		{"ec2", "GetConsoleOutput", true, "read", 1},
		{"ec2", "StopInstances", true, "write", 3},
		{"ec2", "RunInstances", false, "own", 6},
		{"ec2", "DescribeVolumes", false, "own", 7},
		{"rds", "DescribeDBInstances", false, "rds", 4},
		{"rds", "RunInstances", false, "rds", 4},
		{"sts", "GetCallerIdentity", true, "sts", 5},
	} {
		class, got := limits.class(cloudsim.Call{Service: c.service, Action: c.action}, c.narrowed)
		if class != c.class || got.Size != c.size {
			t.Errorf("%s %s, narrowed %v: %s of size %v, want %s of size %v", c.service, c.action, c.narrowed, class, got.Size, c.class, c.size)
		}
	}
}
