package aws

import (
	"embed"
	"strings"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/guide"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/aws"
)

// reads are the actions that reading calls. sts:GetCallerIdentity needs no permission. They are
// not narrowed to single resources: EC2 has no such permission, and for RDS it would miss new
// databases (Service Authorization Reference, "Actions for Amazon EC2" and "for Amazon RDS").
var reads = []string{"ec2:DescribeInstances", "ec2:DescribeRegions", "rds:DescribeDBClusters", "rds:DescribeDBInstances"}

// lifecycle are the further actions of start and stop. A team that wants Rollcall to start and stop
// some instances only adds a condition on their tags.
var lifecycle = []string{
	"ec2:DescribeSpotInstanceRequests", "ec2:StartInstances", "ec2:StopInstances",
	"rds:StartDBCluster", "rds:StartDBInstance", "rds:StopDBCluster", "rds:StopDBInstance",
}

//go:embed *.tmpl
var files embed.FS

var templates = guide.ParseTemplates(files)

// data has the values that are filled into the snippets.
type data struct {
	// AccountID and Partition of the account: `aws`, `aws-cn`, `aws-us-gov`.
	AccountID, Partition string
	// Role is the name of the role to assume, and Path its path, `/` or `/team/`.
	Role, Path string
	ExternalID string
	// Tags is set if the session has tags.
	Tags bool
	// Principal assumes the role; empty: the snippet asks for it.
	Principal string
	// Purpose of the policy, for people.
	Purpose    string
	Statements []statement
	// Policy as JSON.
	Policy string
}

type policyDocument struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid, Effect string
	Action      []string
	Resource    string
}

// Guide writes the guide of an AWS account.
func Guide(account, source *accounts.Account, choice guide.Choice) (*guide.Guide, error) {
	statements := []statement{{Sid: "RollcallReads", Effect: "Allow", Action: reads, Resource: "*"}}
	if !choice.ReadOnly {
		statements = append(statements, statement{Sid: "RollcallStartsAndStops", Effect: "Allow", Action: lifecycle, Resource: "*"})
	}
	policy, err := guide.PrettyJSON(policyDocument{Version: "2012-10-17", Statement: statements})
	if err != nil {
		return nil, err
	}
	d := data{
		AccountID: account.CloudID, Partition: "aws", Policy: policy, Statements: statements,
		Principal: choice.Principal, Purpose: choice.Purpose(),
	}
	kind := "policy"
	switch account.Credentials.Method {
	case aws.AssumeRole:
		kind = "role"
		d.fillRole(account.Credentials, source)
	case aws.AccessKey:
		kind = "user"
	}
	titles := titles[kind]
	filled, err := templates.Fill(d,
		guide.Snippet{Tool: "aws-cli", Title: titles[0], Text: kind + ".sh.tmpl"},
		guide.Snippet{Tool: "cloudformation", Title: titles[1], Text: kind + ".yaml.tmpl"},
		guide.Snippet{Tool: "terraform", Title: titles[2], Text: kind + ".tf.tmpl"})
	return &guide.Guide{ExternalID: d.ExternalID, Policy: policy, Snippets: filled}, err
}

// titles are the titles of the snippets for the AWS CLI, CloudFormation and Terraform, by what the
// snippets make.
var titles = map[string][3]string{
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

func (d *data) fillRole(role accounts.Credentials, source *accounts.Account) {
	parts := strings.SplitN(role.Settings[roleARN], ":", 6)
	d.Partition = parts[1]
	path := strings.TrimPrefix(parts[5], "role")
	slash := strings.LastIndex(path, "/")
	d.Path, d.Role = path[:slash+1], path[slash+1:]
	d.ExternalID, d.Tags = role.Settings[externalID], len(role.Tags) > 0
	if d.Principal != "" || source == nil {
		return
	}
	// The role of the source, if it has one; else its whole account, whose own policies decide who
	// may assume the role.
	d.Principal = "arn:" + d.Partition + ":iam::" + source.CloudID + ":root"
	if source.Credentials.Method == aws.AssumeRole {
		d.Principal = source.Credentials.Settings[roleARN]
	}
}
