package guide

import (
	"strings"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// awsReads are all that reading calls, but sts:GetCallerIdentity, which needs no
// permission. None of them can be narrowed to single resources (Service
// Authorization Reference, "Actions for Amazon EC2" and "for Amazon RDS": the
// databases' could, and a new one would be missed).
var awsReads = []string{"ec2:DescribeInstances", "ec2:DescribeRegions", "rds:DescribeDBClusters", "rds:DescribeDBInstances"}

// awsLifecycle is what start and stop call besides. A team that wants Rollcall to
// touch some instances only puts a condition on their tags.
var awsLifecycle = []string{
	"ec2:DescribeSpotInstanceRequests", "ec2:StartInstances", "ec2:StopInstances",
	"rds:StartDBCluster", "rds:StartDBInstance", "rds:StopDBCluster", "rds:StopDBInstance",
}

// awsData is what the AWS snippets are filled in with.
type awsData struct {
	// AccountID and Partition of the account: `aws`, `aws-cn`, `aws-us-gov`.
	AccountID, Partition string
	// Role is the name of the role that is assumed, and Path the one it stands in,
	// `/` or `/team/`.
	Role, Path string
	ExternalID string
	// Tags tells whether the session has tags.
	Tags bool
	// Principal is who assumes the role; empty: the snippet asks for it.
	Principal string
	// Purpose of the policy, for people.
	Purpose    string
	Statements []awsStatement
	// Policy as JSON.
	Policy string
}

type awsPolicy struct {
	Version   string
	Statement []awsStatement
}

type awsStatement struct {
	Sid, Effect string
	Action      []string
	Resource    string
}

func forAWS(account, source *accounts.Account, choice Choice) (*Guide, error) {
	statements := []awsStatement{{Sid: "RollcallReads", Effect: "Allow", Action: awsReads, Resource: "*"}}
	if !choice.ReadOnly {
		statements = append(statements, awsStatement{Sid: "RollcallStartsAndStops", Effect: "Allow", Action: awsLifecycle, Resource: "*"})
	}
	policy, err := pretty(awsPolicy{Version: "2012-10-17", Statement: statements})
	if err != nil {
		return nil, err
	}
	data := awsData{
		AccountID: account.CloudID, Partition: "aws", Policy: policy, Statements: statements,
		Principal: choice.Principal, Purpose: choice.purpose(),
	}
	kind := "policy"
	switch c := account.Credentials.(type) {
	case accounts.AWSAssumeRole:
		kind = "role"
		data.fillRole(c, source)
	case accounts.AWSAccessKey:
		kind = "user"
	}
	titles := awsTitles[kind]
	filled, err := snippets(data,
		Snippet{Tool: "aws-cli", Title: titles[0], Text: kind + ".sh.tmpl"},
		Snippet{Tool: "cloudformation", Title: titles[1], Text: kind + ".yaml.tmpl"},
		Snippet{Tool: "terraform", Title: titles[2], Text: kind + ".tf.tmpl"})
	return &Guide{ExternalID: data.ExternalID, Policy: policy, Snippets: filled}, err
}

// awsTitles are the titles of the snippets, by what they make: of the AWS CLI,
// CloudFormation and Terraform.
var awsTitles = map[string][3]string{
	"role": {
		"Make the role that Rollcall assumes", "A stack with the role that Rollcall assumes",
		"The role that Rollcall assumes",
	},
	"user": {
		"Make a user for Rollcall, and its access key", "A stack with a user for Rollcall",
		"A user for Rollcall",
	},
	"policy": {
		"Make the policy that Rollcall's own identity needs", "A stack with the policy that Rollcall's own identity needs",
		"The policy that Rollcall's own identity needs",
	},
}

func (d *awsData) fillRole(role accounts.AWSAssumeRole, source *accounts.Account) {
	parts := strings.SplitN(role.RoleARN, ":", 6)
	d.Partition = parts[1]
	path := strings.TrimPrefix(parts[5], "role")
	slash := strings.LastIndex(path, "/")
	d.Path, d.Role = path[:slash+1], path[slash+1:]
	d.ExternalID, d.Tags = role.ExternalID, len(role.SessionTags) > 0
	if d.Principal != "" || source == nil {
		return
	}
	// The source's role, if it has one; else all of its account, whose own
	// policies say who in it may assume the role.
	d.Principal = "arn:" + d.Partition + ":iam::" + source.CloudID + ":root"
	if assumed, ok := source.Credentials.(accounts.AWSAssumeRole); ok {
		d.Principal = assumed.RoleARN
	}
}
