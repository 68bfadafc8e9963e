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

// operation is what the tests read of an operation.
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

// ask has an instance started or stopped by its id, and waits for the end.
func (r *rollcall) ask(t *testing.T, verb, providerID string, more map[string]any) operation {
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
				return errors.New("it goes on")
			}
			return nil
		})
	}
	if len(op.Metadata.Targets) != 1 {
		t.Fatalf("%s %s: %+v", verb, providerID, op)
	}
	return op
}

// TestStartAndStop stops and starts what moto has, and the roll has the new state
// as soon as the operation has ended.
func TestStartAndStop(t *testing.T) {
	m := startMoto(t)
	machine, database := m.launch(t, "eu-west-1", 1)[0], m.createDatabase(t, "us-east-1", "orders")
	member := m.createMember(t, "us-east-1", "ledger")
	r := startRollcall(t, m)
	r.awaitConnected(t, "aws-"+motoAccount)
	for _, id := range []string{machine, database, member} {
		for _, step := range []struct {
			verb, state string
			already     bool
		}{{"stop", "STOPPED", false}, {"stop", "STOPPED", true}, {"start", "RUNNING", false}, {"start", "RUNNING", true}} {
			op := r.ask(t, step.verb, id, nil)
			got := op.Metadata.Targets[0]
			calls := map[bool]int{true: 0, false: 1}[step.already]
			if got.State != "SUCCEEDED" || got.CurrentState != step.state || got.Already != step.already || got.Calls != calls {
				t.Errorf("%s %s: %+v", step.verb, id, op)
			}
			if state := r.instances(t, "")[id].State; state != step.state {
				t.Errorf("after %s %s is %s on the roll", step.verb, id, state)
			}
		}
	}
	plan := r.ask(t, "stop", machine, map[string]any{"validateOnly": true})
	if plan.Name != "" || plan.Metadata.Targets[0].Calls != 0 || r.instances(t, "")[machine].State != "RUNNING" {
		t.Errorf("a plan did something: %+v", plan)
	}
}

// TestStartUnknown starts a machine that the roll does not have yet, and refuses
// one that moto protects against being stopped.
func TestStartUnknown(t *testing.T) {
	m := startMoto(t)
	r := startRollcall(t, m)
	r.awaitConnected(t, "aws-"+motoAccount)
	machine := m.launch(t, "ap-southeast-2", 1)[0]
	if op := r.ask(t, "stop", machine, nil); op.Metadata.Targets[0].State != "SUCCEEDED" {
		t.Errorf("%+v", op)
	}
	if state := r.instances(t, "")[machine].State; state != "STOPPED" {
		t.Errorf("it is %s on the roll", state)
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
	op := r.ask(t, "stop", machine, nil)
	if got := op.Metadata.Targets[0]; got.State != "FAILED" || got.Refusal.Reason != "CANT_STOP_CLOUD_PROTECTED" || op.Error.Message == "" {
		t.Errorf("%+v", op)
	}
	if state := r.instances(t, "")[machine].State; state != "RUNNING" {
		t.Errorf("it is %s on the roll", state)
	}
}

// createMember makes a cluster with one member, and returns the member's ARN.
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
