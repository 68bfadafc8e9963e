package gateway_test

import (
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// account adds a paused AWS account.
func (s *stack) account(id, name string) string {
	s.t.Helper()
	account, err := s.accounts.CreateAccount(s.t.Context(), &accountsv1.CreateAccountRequest{Account: &accountsv1.Account{
		DisplayName: name, Paused: true,
		Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{AccountId: id}},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return account.GetName()
}

// fence is the fencing token of the last report.
var fence atomic.Int64

// connection reports the outcome of a sync.
func (s *stack) connection(account string, outcome *accountsv1.UpdateConnectionStatusRequest_Outcome) {
	s.t.Helper()
	outcome.EndTime = timestamppb.Now()
	s.report(&accountsv1.UpdateConnectionStatusRequest{
		Account: account, Report: &accountsv1.UpdateConnectionStatusRequest_Outcome_{Outcome: outcome},
	})
}

// syncing reports that a sync of an account is running.
func (s *stack) syncing(account string) {
	s.t.Helper()
	s.report(&accountsv1.UpdateConnectionStatusRequest{
		Account: account, Report: &accountsv1.UpdateConnectionStatusRequest_Syncing_{
			Syncing: &accountsv1.UpdateConnectionStatusRequest_Syncing{Lease: durationpb.New(5 * time.Minute)},
		},
	})
}

func (s *stack) report(request *accountsv1.UpdateConnectionStatusRequest) {
	s.t.Helper()
	request.FencingToken, request.SyncRun = fence.Add(1), "syncRuns/1"
	if _, err := s.connections.UpdateConnectionStatus(s.t.Context(), request); err != nil {
		s.t.Fatal(err)
	}
}

func connected() *accountsv1.UpdateConnectionStatusRequest_Outcome {
	return &accountsv1.UpdateConnectionStatusRequest_Outcome{Status: accountsv1.Connection_CONNECTED}
}

// observed reports a complete observation of a scope.
func (s *stack) observed(account, region string, instances ...*inventoryv1.Instance) {
	s.t.Helper()
	s.snapshot(account, region, commonv1.Kind_VIRTUAL_MACHINE,
		&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Instances{
			Instances: &inventoryv1.SnapshotInstances{Instances: instances},
		}},
		&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Complete{
			Complete: &inventoryv1.SnapshotComplete{InstanceCount: int64(len(instances))},
		}})
}

// unseen reports that a scope could not be observed.
func (s *stack) unseen(account, region, reason, text string) {
	s.t.Helper()
	s.snapshot(account, region, commonv1.Kind_VIRTUAL_MACHINE,
		&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Failure{
			Failure: &inventoryv1.SnapshotFailure{Reason: reason, Error: text},
		}})
}

func (s *stack) snapshot(account, region string, kind commonv1.Kind, messages ...*inventoryv1.ApplySnapshotRequest) {
	s.t.Helper()
	stream, err := s.ingest.ApplySnapshot(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	start := &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Start{Start: &inventoryv1.SnapshotStart{
		Account: account, Provider: commonv1.Provider_AWS, Kind: kind, Location: region,
		FencingToken: fence.Add(1), ObserveTime: timestamppb.Now(),
	}}}
	for _, message := range append([]*inventoryv1.ApplySnapshotRequest{start}, messages...) {
		if err := stream.Send(message); err != nil {
			break // Recv returns the cause.
		}
	}
	if messages[len(messages)-1].GetFailure() != nil {
		if err := stream.CloseSend(); err != nil {
			s.t.Fatal(err)
		}
	}
	s.settle(stream)
}

// settle ends a snapshot with a verdict that the cloud has none of the missing instances.
func (s *stack) settle(stream grpc.BidiStreamingClient[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]) {
	s.t.Helper()
	verdict := &inventoryv1.SnapshotVerdict{Final: true}
	for {
		answer, err := stream.Recv()
		switch {
		case err != nil:
			s.t.Fatal(err)
		case answer.GetResult() != nil:
			return
		}
		for _, absent := range answer.GetAbsent().GetInstances() {
			verdict.Findings = append(verdict.Findings, &inventoryv1.SnapshotVerdict_Finding{
				ProviderId: absent.GetProviderId(), Evidence: inventoryv1.SnapshotVerdict_Finding_NOT_FOUND,
			})
		}
		if answer.GetAbsent().GetFinal() {
			err := stream.Send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Verdict{Verdict: verdict}})
			if err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// machine returns a virtual machine in a region.
func machine(region, name string, n int) *inventoryv1.Instance {
	id := fmt.Sprintf("i-%017x", n)
	states := []inventoryv1.Instance_State{
		inventoryv1.Instance_RUNNING, inventoryv1.Instance_RUNNING, inventoryv1.Instance_STOPPED, inventoryv1.Instance_RUNNING,
	}
	return &inventoryv1.Instance{
		ProviderId: id, ProviderUri: "arn:aws:ec2:" + region + ":100000000001:instance/" + id, DisplayName: name,
		Location: &commonv1.Location{Region: region, Zone: region + "a"},
		State:    states[n%len(states)], ProviderState: "running", MachineType: []string{"m6i.2xlarge", "c7g.large", "r6g.4xlarge"}[n%3],
		PrivateIps: []string{fmt.Sprintf("10.12.%d.%d", n/256%256, n%256)},
		Labels:     map[string]string{"team": []string{"data", "web"}[n%2], "env": "prod", "service": name},
		Details: &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
			Architecture: "x86_64", Platform: "Linux/UNIX", Spot: n%5 == 0,
		}},
	}
}

// fleet returns n machines with the names prefix-001, prefix-002 and so on.
func fleet(region, prefix string, from, n int) []*inventoryv1.Instance {
	var all []*inventoryv1.Instance
	for i := range n {
		all = append(all, machine(region, fmt.Sprintf("%s-%03d", prefix, i+1), from+i))
	}
	return all
}
