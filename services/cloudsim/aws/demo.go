package aws

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// DemoRole and DemoExternalID open each account of the demo from any other account.
const (
	DemoRole       = "rollcall"
	DemoExternalID = "rollcall-demo"
)

// Demo returns the AWS of the demo company: five accounts with two to four regions each, several
// hundred instances and tens of databases. The key of the first account may assume DemoRole with
// DemoExternalID in all of them.
func Demo() Config {
	return Config{TerminatedFor: 10 * time.Minute, Limits: DocumentedLimits(), ExternalID: DemoExternalID, Plan: demoAccounts}
}

var demoAccounts = []AccountPlan{
	{
		ID: "100000000001", Name: "payments-prod", Env: "prod", Instances: 34, Databases: 7,
		Regions: []string{"eu-west-1", "us-east-1", "eu-central-1"},
		Workloads: []cloudsim.Workload{
			{Name: "checkout", Team: "payments", Types: []string{"m6i.xlarge", "m6i.2xlarge", "m7g.xlarge"}},
			{Name: "ledger", Team: "payments", Types: []string{"r6i.2xlarge", "r7g.2xlarge"}},
			{Name: "fraud", Team: "risk", Types: []string{"c6i.4xlarge", "c7g.4xlarge"}},
			{Name: "payouts", Team: "payments", Types: []string{"m6i.large", "m6i.xlarge"}},
			{Name: "bastion", Team: "sre", Types: []string{"t3.micro"}},
		},
	},
	{
		ID: "100000000002", Name: "data-platform", Env: "prod", Instances: 48, Databases: 4,
		Regions: []string{"eu-west-1", "us-east-1"},
		Workloads: []cloudsim.Workload{
			{Name: "spark", Team: "data", Types: []string{"r6i.4xlarge", "r6g.4xlarge", "i4i.2xlarge"}, Spot: 0.7},
			{Name: "kafka", Team: "streaming", Types: []string{"m6i.2xlarge", "i4i.xlarge"}},
			{Name: "airflow", Team: "data", Types: []string{"m6i.large", "m6i.xlarge"}},
			{Name: "trino", Team: "analytics", Types: []string{"r6i.2xlarge"}, Spot: 0.3},
		},
	},
	{
		ID: "100000000003", Name: "web-edge", Env: "prod", Instances: 26, Databases: 3,
		Regions: []string{"us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1"},
		Workloads: []cloudsim.Workload{
			{Name: "edge-proxy", Team: "edge", Types: []string{"c6i.large", "c7g.large", "c7g.xlarge"}},
			{Name: "web", Team: "storefront", Types: []string{"m6i.large", "m7g.large"}},
			{Name: "images", Team: "storefront", Types: []string{"c6i.2xlarge"}, Spot: 0.5},
			{Name: "search", Team: "search", Types: []string{"r6i.xlarge", "r7g.xlarge"}},
		},
	},
	{
		ID: "100000000004", Name: "ml-sandbox", Env: "sandbox", Instances: 17, Databases: 2,
		Regions: []string{"us-east-1", "us-west-2"},
		Workloads: []cloudsim.Workload{
			{Name: "training", Team: "ml", Types: []string{"g5.2xlarge", "g5.12xlarge", "p4d.24xlarge"}, Spot: 0.6},
			{Name: "notebook", Team: "ml", Types: []string{"m6i.xlarge", "g4dn.xlarge"}},
			{Name: "inference", Team: "ml", Types: []string{"inf2.xlarge", "g5.xlarge"}},
		},
	},
	{
		ID: "100000000005", Name: "staging", Env: "staging", Instances: 22, Databases: 6,
		Regions: []string{"eu-west-1", "eu-south-1"},
		Workloads: []cloudsim.Workload{
			{Name: "checkout", Team: "payments"}, {Name: "web", Team: "storefront"}, {Name: "search", Team: "search"},
			{Name: "airflow", Team: "data"}, {Name: "ci-runner", Team: "sre", Types: []string{"c6i.2xlarge"}, Spot: 0.9},
		},
	},
}
