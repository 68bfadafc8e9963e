package conformance

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// operation has the fields of an operation that the tests read.
type operation struct {
	Name     string
	Done     bool
	Error    struct{ Message string }
	Metadata struct {
		Targets []struct {
			State, CurrentState string
			Calls               int
			Already             bool
			Refusal             struct{ Reason, Message string }
		}
	}
}

// operate starts or stops an instance by its id, and waits for the end.
func (r *rollcall) operate(t *testing.T, verb, providerID string, more map[string]any) operation {
	t.Helper()
	body := map[string]any{"providerId": providerID, "reason": "conformance"}
	for key, value := range more {
		body[key] = value
	}
	var op operation
	if err := r.do(t.Context(), http.MethodPost, "/v1/instances:"+verb, body, &op); err != nil {
		t.Fatal(err)
	}
	if !op.Done {
		eventually(t, op.Name+" ends", func(ctx context.Context) error {
			var now operation
			if err := r.do(ctx, http.MethodPost, "/v1/"+op.Name+":wait", map[string]any{"timeout": "10s"}, &now); err != nil {
				return err
			}
			if op = now; !op.Done {
				return errors.New("the operation is not done")
			}
			return nil
		})
	}
	if len(op.Metadata.Targets) != 1 {
		t.Fatalf("%s %s: %+v", verb, providerID, op)
	}
	return op
}

// TestStartAndStop stops and starts instances in moto. The inventory has the new state as soon as
// the operation has ended.
func TestStartAndStop(t *testing.T) {
	m := startMoto(t)
	machine, database := m.launch(t, "eu-west-1", 1)[0], m.createDatabase(t, "us-east-1", "orders")
	member := m.createMember(t, "us-east-1", "billing")
	r := startRollcall(t, m)
	r.awaitConnected(t, "aws-"+motoAccount)
	for _, id := range []string{machine, database, member} {
		for _, step := range []struct {
			verb, state string
			already     bool
		}{{"stop", "STOPPED", false}, {"stop", "STOPPED", true}, {"start", "RUNNING", false}, {"start", "RUNNING", true}} {
			op := r.operate(t, step.verb, id, nil)
			got := op.Metadata.Targets[0]
			calls := map[bool]int{true: 0, false: 1}[step.already]
			if got.State != "SUCCEEDED" || got.CurrentState != step.state || got.Already != step.already || got.Calls != calls {
				t.Errorf("%s %s: %+v", step.verb, id, op)
			}
			if state := r.instances(t, "")[id].State; state != step.state {
				t.Errorf("after %s %s is %s in the inventory", step.verb, id, state)
			}
		}
	}
	plan := r.operate(t, "stop", machine, map[string]any{"validateOnly": true})
	if plan.Name != "" || plan.Metadata.Targets[0].Calls != 0 || r.instances(t, "")[machine].State != "RUNNING" {
		t.Errorf("a dry run changed something: %+v", plan)
	}
}

// TestStop_UnknownInstance stops an instance that the inventory does not have yet, and fails for
// one that moto protects.
func TestStop_UnknownInstance(t *testing.T) {
	m := startMoto(t)
	r := startRollcall(t, m)
	r.awaitConnected(t, "aws-"+motoAccount)
	machine := m.launch(t, "ap-southeast-2", 1)[0]
	if op := r.operate(t, "stop", machine, nil); op.Metadata.Targets[0].State != "SUCCEEDED" {
		t.Errorf("%+v", op)
	}
	if state := r.instances(t, "")[machine].State; state != "STOPPED" {
		t.Errorf("it is %s in the inventory", state)
	}
	client, _ := m.clients(t, "ap-southeast-2")
	if _, err := client.StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: []string{machine}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{
		InstanceId: &machine, DisableApiStop: &types.AttributeBooleanValue{Value: aws.Bool(true)},
	}); err != nil {
		t.Fatal(err)
	}
	op := r.operate(t, "stop", machine, nil)
	if got := op.Metadata.Targets[0]; got.State != "FAILED" || got.Refusal.Reason != "CANT_STOP_CLOUD_PROTECTED" || op.Error.Message == "" {
		t.Errorf("%+v", op)
	}
	if state := r.instances(t, "")[machine].State; state != "RUNNING" {
		t.Errorf("it is %s in the inventory", state)
	}
}

// createMember creates a cluster with one member, and returns the member's ARN.
func (m *moto) createMember(t *testing.T, region, cluster string) string {
	t.Helper()
	_, client := m.clients(t, region)
	if _, err := client.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: &cluster, Engine: aws.String("aurora-postgresql"), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("notsecret1"),
	}); err != nil {
		t.Fatal(err)
	}
	out, err := client.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(cluster + "-0"), DBInstanceClass: aws.String("db.r6g.large"), Engine: aws.String("aurora-postgresql"),
		DBClusterIdentifier: &cluster,
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.DBInstance.DBInstanceArn)
}
