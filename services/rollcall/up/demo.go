package up

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	cloudsimapp "github.com/rollcall-dev/rollcall/services/cloudsim/app"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	discoveryaws "github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	discoverygcp "github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// demoSeed is the seed of the demo company, so that it is the same at each start.
const demoSeed = 1

// demoChurn is the time between two changes in the demo company.
const demoChurn = 3 * time.Second

// demo is the simulated cloud of the demo company, in this process.
type demo struct {
	app    *cloudsimapp.App
	amazon *simaws.Server
	google *simgcp.Server
}

// startDemo starts the demo company on a free loopback port.
func startDemo() (*demo, error) {
	app, err := cloudsimapp.New(cloudsimapp.Config{
		Addr: "127.0.0.1:0", Seed: demoSeed, Demo: true, Churn: demoChurn, Latency: -1, Throttle: true, Verify: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start the demo company: %w", err)
	}
	return &demo{
		app: app, amazon: cloudsimapp.Find[*simaws.Server](app), google: cloudsimapp.Find[*simgcp.Server](app),
	}, nil
}

// accounts returns the accounts of the demo. The AWS accounts have roles, which the access key of
// the first account assumes, and the Google Cloud projects use the application default credentials.
// So no account contains an address of the demo, which changes with each start.
func (d *demo) accounts() []*accountsv1.Account {
	var accounts []*accountsv1.Account
	for _, id := range d.amazon.Cloud.Accounts() {
		accounts = append(accounts, &accountsv1.Account{
			DisplayName: d.amazon.Cloud.AccountName(id),
			Labels:      map[string]string{demoLabel: "true"},
			Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{
				AccountId: id,
				Credentials: &accountsv1.AwsAccount_AssumeRole{AssumeRole: &accountsv1.AwsAssumeRole{
					RoleArn: simaws.RoleARN(id, simaws.DemoRole), ExternalId: simaws.DemoExternalID,
				}},
			}},
		})
	}
	for _, id := range d.google.Cloud.Projects() {
		accounts = append(accounts, d.project(id))
	}
	return accounts
}

func (d *demo) project(id string) *accountsv1.Account {
	return &accountsv1.Account{
		DisplayName: id,
		Labels:      map[string]string{demoLabel: "true"},
		Cloud: &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{
			ProjectId:   id,
			Credentials: &accountsv1.GcpProject_ApplicationDefault{ApplicationDefault: &accountsv1.GcpApplicationDefault{}},
		}},
	}
}

// gcp returns the configuration of discovery for the demo's Google Cloud. It signs in with the
// service account of the first project, which can read all projects.
func (d *demo) gcp() (discoverygcp.Config, error) {
	key, err := d.google.KeyJSON(d.google.Cloud.Projects()[0])
	if err != nil {
		return discoverygcp.Config{}, fmt.Errorf("sign in to the demo company: %w", err)
	}
	env := d.google.Env()
	return discoverygcp.Config{
		ComputeEndpoint:    env["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"],
		SQLEndpoint:        env["CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL"],
		IAMEndpoint:        d.google.URL,
		ApplicationDefault: key,
	}, nil
}

// tokenHosts returns the hosts that key files may use while the demo runs: the allowed ones and the
// demo's own.
func (d *demo) tokenHosts(allowed keyfile.Hosts) (keyfile.Hosts, error) {
	own, err := url.Parse(d.google.URL)
	if err != nil {
		return keyfile.Hosts{}, fmt.Errorf("address of the demo company: %w", err)
	}
	return keyfile.NewHosts(append(strings.Split(allowed.String(), ","), own.Host)...)
}

// aws returns the configuration of discovery for the demo's AWS. It ignores the environment.
func (d *demo) aws() discoveryaws.Config {
	home := d.amazon.Cloud.Accounts()[0]
	key := d.amazon.Cloud.Key(home)
	return discoveryaws.Config{
		EndpointURL: d.amazon.URL,
		Keys:        &discoveryaws.Keys{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.Secret},
		Region:      d.amazon.Cloud.Regions(home)[0],
	}
}
