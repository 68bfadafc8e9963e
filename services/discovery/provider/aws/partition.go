package aws

import (
	"slices"
	"strings"
)

// defaultRegion is where calls go that belong to no region, unless AWS_REGION
// says otherwise.
const defaultRegion = "us-east-1"

// homesAtMost is how many regions are asked what is the same in all of them.
const homesAtMost = 3

// homesOf are regions of each partition that no account can switch off (AWS
// Account Management Reference, "Enable or disable AWS Regions").
var homesOf = map[string][]string{
	"aws":        {"us-east-1", "us-west-2", "eu-west-1"},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-us-gov": {"us-gov-west-1", "us-gov-east-1"},
}

// partitionOf is the partition in an ARN, `arn:PARTITION:…`; "" when there is
// none.
func partitionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || parts[0] != "arn" {
		return ""
	}
	return parts[1]
}

// partitionOfRegion is the partition that a region belongs to, by its name.
func partitionOfRegion(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "us-iso-"):
		return "aws-iso"
	case strings.HasPrefix(region, "us-isob-"):
		return "aws-iso-b"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc"
	}
	return "aws"
}

// homeRegions are where to ask what is the same in all regions: who we are, and
// which regions there are. The first is the configured one, if it is of the
// partition; the others are for when that one is down, or denied by a policy that
// keeps the account to certain regions.
func homeRegions(configured, partition string, wanted []string) []string {
	if partition == "" {
		partition = partitionOfRegion(configured)
		if len(wanted) > 0 {
			partition = partitionOfRegion(wanted[0])
		}
	}
	var homes []string
	add := func(region string) {
		if len(homes) < homesAtMost && partitionOfRegion(region) == partition && !slices.Contains(homes, region) {
			homes = append(homes, region)
		}
	}
	add(configured)
	if len(wanted) > 0 {
		add(wanted[0])
	}
	for _, region := range homesOf[partition] {
		add(region)
	}
	if len(homes) == 0 {
		homes = append(homes, configured)
	}
	return homes
}
