package conformance

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// TestInstanceLifecycle follows instances and databases of several regions: created, listed,
// changed, stopped, terminated, gone.
func TestInstanceLifecycle(t *testing.T) {
	m := startMoto(t)
	machines := map[string][]string{}
	databases := map[string]string{}
	for _, region := range []string{"us-east-1", "eu-west-1", "ap-southeast-2"} {
		machines[region] = m.launch(t, region, 4)
		databases[region] = m.createDatabase(t, region, "orders-"+region)
	}
	r := startRollcall(t, m)

	// The account of the environment's credentials is added automatically.
	const account = "aws-" + motoAccount
	r.awaitConnected(t, account)
	seen := r.instances(t, "")
	var want []string
	for region, ids := range machines {
		want = append(want, append(ids, databases[region])...)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Fatalf("the inventory has\n%v, the cloud\n%v", got, want)
	}
	checkMachine(t, seen[machines["eu-west-1"][0]])
	checkDatabase(t, seen[databases["eu-west-1"]])

	changed, stopped, terminated := machines["eu-west-1"][0], machines["eu-west-1"][1], machines["us-east-1"][2]
	client, _ := m.clients(t, "eu-west-1")
	if _, err := client.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{changed},
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String(`"wéb"` + "\n🚀")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{stopped}}); err != nil {
		t.Fatal(err)
	}
	client, _ = m.clients(t, "us-east-1")
	if _, err := client.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{terminated}}); err != nil {
		t.Fatal(err)
	}
	_, dbs := m.clients(t, "ap-southeast-2")
	if _, err := dbs.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{
		DBInstanceIdentifier: aws.String("orders-ap-southeast-2"), SkipFinalSnapshot: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	r.sync(t, account)

	now := r.instances(t, "")
	if got := now[changed].Labels["team"]; got != `"wéb"`+"\n🚀" {
		t.Errorf("the tag reads %q", got)
	}
	if got := now[stopped].State; got != "STOPPED" {
		t.Errorf("the stopped machine is %s", got)
	}
	if got := now[terminated].State; got != "TERMINATED" {
		t.Errorf("the terminated machine is %s", got)
	}
	if _, there := now[databases["ap-southeast-2"]]; there {
		t.Error("the deleted database is listed")
	}
	if len(r.instances(t, `kind = VIRTUAL_MACHINE AND state = RUNNING AND location.region = "eu-west-1"`)) != 3 {
		t.Error("the filter does not find the three that run in eu-west-1")
	}
	checkGone(t, r, databases["ap-southeast-2"])
}

// TestEmptyCloud removes everything from the cloud: the inventory lists nothing, and still has the
// gone instances.
func TestEmptyCloud(t *testing.T) {
	m := startMoto(t)
	ids := m.launch(t, "us-west-2", 2)
	r := startRollcall(t, m)
	const account = "aws-" + motoAccount
	r.awaitConnected(t, account)
	if err := m.api(t.Context(), http.MethodPost, "/moto-api/reset"); err != nil {
		t.Fatal(err)
	}
	r.sync(t, account)
	if left := r.instances(t, ""); len(left) != 0 {
		t.Errorf("the inventory still lists %v", slices.Collect(maps.Keys(left)))
	}
	checkGone(t, r, ids[0])
}

// TestAssumedRole adds a second account through a role.
func TestAssumedRole(t *testing.T) {
	m := startMoto(t)
	r := startRollcall(t, m)
	err := r.do(t.Context(), http.MethodPost, "/v1/accounts", map[string]any{
		"displayName": "other", "aws": map[string]any{"accountId": "111111111111", "regions": []string{"eu-west-1"},
			"assumeRole": map[string]any{"roleArn": "arn:aws:iam::111111111111:role/rollcall", "externalId": "example"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.awaitConnected(t, "aws-111111111111")
}

func checkMachine(t *testing.T, got instance) {
	t.Helper()
	if got.Kind != "VIRTUAL_MACHINE" || got.State != "RUNNING" || got.ProviderState != "running" || got.MachineType != "m5.large" ||
		got.DisplayName != "web-eu-west-1" || got.Labels["team"] != "data" || got.Account != "accounts/aws-"+motoAccount ||
		got.Location.Region != "eu-west-1" || got.Location.Zone == "" || len(got.PrivateIPs) == 0 ||
		got.ProviderURI != "arn:aws:ec2:eu-west-1:"+motoAccount+":instance/"+got.ProviderID {
		t.Errorf("the machine reads %+v", got)
	}
}

func checkDatabase(t *testing.T, got instance) {
	t.Helper()
	if got.Kind != "DATABASE" || got.State != "RUNNING" || got.ProviderState != "available" || got.MachineType != "db.r6g.large" ||
		got.DisplayName != "orders-eu-west-1" || got.Database.Engine != "postgres" || !got.Database.HighAvailability ||
		got.Database.StorageGib != "100" || got.Location.Region != "eu-west-1" {
		t.Errorf("the database reads %+v", got)
	}
}

// checkGone looks up an instance that is gone.
func checkGone(t *testing.T, r *rollcall, id string) {
	t.Helper()
	var got struct{ State, GoneTime, FirstSeenTime string }
	if err := r.do(t.Context(), http.MethodGet, "/v1/instances:lookup?showGone=true&providerId="+id, nil, &got); err != nil {
		t.Fatal(err)
	}
	if got.State != "GONE" || got.GoneTime == "" || got.FirstSeenTime == "" {
		t.Errorf("%s reads %+v", id, got)
	}
}
