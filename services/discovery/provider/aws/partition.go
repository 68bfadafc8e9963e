package aws

import (
	"slices"
	"strings"
)

// defaultRegion is the region of calls that belong to no region, unless AWS_REGION is set.
const defaultRegion = "us-east-1"

// maxHomes is the number of home regions.
const maxHomes = 3

// homesOf has regions of each partition that no account can disable (AWS Account Management Reference,
// "Enable or disable AWS Regions").
var homesOf = map[string][]string{
	"aws":        {"us-east-1", "us-west-2", "eu-west-1"},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-us-gov": {"us-gov-west-1", "us-gov-east-1"},
}

// partitionOf returns the partition in an ARN, `arn:PARTITION:…`, or "" if there is none.
func partitionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || parts[0] != "arn" {
		return ""
	}
	return parts[1]
}

// partitionOfRegion returns the partition of a region by its name.
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

// homeRegions returns the regions for calls whose answer is the same in all regions: the identity and
// the list of regions. The first one is the configured region, if it belongs to the partition. The
// others are used if that one is down, or denied by a policy that restricts the regions.
func homeRegions(configured, partition string, wanted []string) []string {
	if partition == "" {
		partition = partitionOfRegion(configured)
		if len(wanted) > 0 {
			partition = partitionOfRegion(wanted[0])
		}
	}
	var homes []string
	add := func(region string) {
		if len(homes) < maxHomes && partitionOfRegion(region) == partition && !slices.Contains(homes, region) {
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
