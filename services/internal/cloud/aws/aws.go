// Package aws describes AWS.
package aws

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Names of the ways to sign in.
const (
	Default    = "AWS_DEFAULT"
	AssumeRole = "AWS_ASSUME_ROLE"
	AccessKey  = "AWS_ACCESS_KEY"
)

// restartAfter is how long RDS and Aurora leave a database stopped (RDS User Guide, "Stopping an
// Amazon RDS DB instance temporarily").
const restartAfter = 7 * 24 * time.Hour

// Descriptor returns the description of AWS.
func Descriptor() *cloud.Descriptor {
	return &cloud.Descriptor{
		Provider: cloud.AWS,
		Name:     "AWS",
		Title:    "Amazon Web Services",
		Account: cloud.Account{
			Noun: "AWS account", Field: "aws", IDField: "account_id",
			ID: regexp.MustCompile(`^[0-9]{12}$`), IDRule: "12 digits", IDExample: "100000000001",
			Prefix: "aws-",
		},
		Kinds: []cloud.KindSupport{
			{Kind: cloud.VirtualMachine, Service: "Amazon EC2", Scope: cloud.Regional},
			{Kind: cloud.Database, Service: "Amazon RDS", Scope: cloud.Regional, SelfRestart: restartAfter},
		},
		// A zone is the region and a letter; a Local Zone or Wavelength Zone has words between them:
		// us-west-2-lax-1a (EC2 User Guide, "Regions and Zones").
		Zone: regexp.MustCompile(`^([a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})(?:[a-z]|-[a-z0-9-]+)$`),
		Methods: []cloud.Method{
			{
				Name: Default, Field: "default_credentials", Title: "default credentials",
				Summary: func(string) string { return "default credentials" },
			},
			{
				Name: AssumeRole, Field: "assume_role", Title: "assumed role", Identity: "role_arn",
				Tags: "session_tags", Source: "source_account",
				Summary: func(arn string) string {
					_, name, _ := strings.Cut(arn, ":role/")
					return "role " + name
				},
			},
			{
				Name: AccessKey, Field: "access_key", Title: "access key", Identity: "access_key_id",
				Secret:  "secret_access_key",
				Summary: func(id string) string { return "access key " + id },
			},
		},
		// EC2 instance ids, and RDS resource ids (EC2 User Guide, "Resource IDs"; RDS API Reference,
		// DbiResourceId).
		InstanceIDs: []*regexp.Regexp{
			regexp.MustCompile(`^i-[0-9a-f]{8,}$`), regexp.MustCompile(`^db-[A-Z0-9]{20,}$`),
		},
		InstanceURIs: []*regexp.Regexp{regexp.MustCompile(`^arn:`)},
		Console:      console,
		// AWS SDKs and Tools Reference Guide, "Environment variables".
		Environment: cloud.Environment{
			Credentials: []string{
				"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE",
				"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
			},
			Endpoints: []string{
				"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_RDS", "AWS_ENDPOINT_URL_STS",
			},
		},
	}
}

func console(r cloud.Resource) string {
	if r.Region == "" {
		return ""
	}
	host, ok := consoleHosts[partition(r.ProviderURI)]
	if !ok {
		return ""
	}
	region := url.QueryEscape(r.Region)
	switch r.Kind {
	case cloud.VirtualMachine:
		return "https://" + region + host + "/ec2/home?region=" + region + "#InstanceDetails:instanceId=" + url.QueryEscape(r.ProviderID)
	case cloud.Database:
		return "https://" + region + host + "/rds/home?region=" + region + "#database:id=" + url.QueryEscape(r.Name) + ";is-cluster=false"
	}
	return ""
}

// consoleHosts are the hosts of the console, by partition.
var consoleHosts = map[string]string{
	"aws":        ".console.aws.amazon.com",
	"aws-cn":     ".console.amazonaws.cn",
	"aws-us-gov": ".console.amazonaws-us-gov.com",
}

// partition returns the partition in an ARN; "aws" if there is no ARN.
func partition(arn string) string {
	if parts := strings.SplitN(arn, ":", 3); len(parts) == 3 {
		return parts[1]
	}
	return "aws"
}
