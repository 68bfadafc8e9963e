package clients

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

const (
	// messageSize is about how many bytes of instances one message has, and messageCount the most
	// instances, whatever the size of a provider's page. Each side holds a few messages in memory for
	// each scope.
	messageSize  = 256 << 10
	messageCount = 1000
)

// snapshot is an ApplySnapshot stream.
type snapshot struct {
	ctx    context.Context //nolint:containedctx // That of the stream, which lives as long as the snapshot.
	stream grpc.BidiStreamingClient[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]
}

// Send sends instances.
func (s *snapshot) Send(instances []provider.Instance) error {
	var (
		messages []*inventoryv1.Instance
		size     int
	)
	for n := range instances {
		message := instanceOf(&instances[n])
		messages = append(messages, message)
		size += proto.Size(message)
		if size >= messageSize || len(messages) >= messageCount {
			if err := s.sendInstances(messages); err != nil {
				return err
			}
			messages, size = nil, 0
		}
	}
	if len(messages) == 0 {
		return nil
	}
	return s.sendInstances(messages)
}

func (s *snapshot) sendInstances(instances []*inventoryv1.Instance) error {
	return s.send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Instances{
		Instances: &inventoryv1.SnapshotInstances{Instances: instances},
	}})
}

// Complete applies the snapshot, after probe looked up the missing instances.
func (s *snapshot) Complete(endToken, count int64, budgets []ratelimit.BudgetState, probe sync.Probe) (sync.Changes, error) {
	err := s.send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Complete{
		Complete: &inventoryv1.SnapshotComplete{InstanceCount: count, ApiBudgets: budgetsOf(budgets), EndToken: endToken},
	}})
	if err != nil {
		return sync.Changes{}, err
	}
	var missing []provider.Wanted
	for {
		answer, err := s.stream.Recv()
		if err != nil {
			return sync.Changes{}, s.broken(err)
		}
		if result := answer.GetResult(); result != nil {
			return changesOf(result), s.close()
		}
		for _, message := range answer.GetAbsent().GetInstances() {
			missing = append(missing, wantedOf(message))
		}
		if !answer.GetAbsent().GetFinal() {
			continue
		}
		findings, end, err := probe(s.ctx, missing)
		if err != nil {
			return sync.Changes{}, err
		}
		if err := s.sendVerdict(findings, end); err != nil {
			return sync.Changes{}, err
		}
		result, err := s.result()
		return changesOf(result), err
	}
}

// sendVerdict sends the findings of the absence probe.
func (s *snapshot) sendVerdict(findings []provider.Finding, endToken int64) error {
	verdict := &inventoryv1.SnapshotVerdict{}
	size := 0
	for n := range findings {
		finding := findingOf(&findings[n])
		verdict.Findings = append(verdict.Findings, finding)
		size += proto.Size(finding)
		if size < messageSize && len(verdict.GetFindings()) < messageCount {
			continue
		}
		if err := s.sendPart(verdict); err != nil {
			return err
		}
		verdict, size = &inventoryv1.SnapshotVerdict{}, 0
	}
	verdict.Final, verdict.EndToken = true, endToken
	return s.sendPart(verdict)
}

func (s *snapshot) sendPart(verdict *inventoryv1.SnapshotVerdict) error {
	return s.send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Verdict{Verdict: verdict}})
}

// send sends one message. If the server has ended the stream, it returns the server's error.
func (s *snapshot) send(message *inventoryv1.ApplySnapshotRequest) error {
	err := s.stream.Send(message)
	if ended(err) {
		if _, err = s.stream.Recv(); err == nil {
			return fmt.Errorf("the inventory answered a snapshot before it was complete")
		}
		return s.broken(err)
	}
	return faultOf(s.ctx, err)
}

// result waits for the last answer.
func (s *snapshot) result() (*inventoryv1.SnapshotResult, error) {
	answer, err := s.stream.Recv()
	if err != nil {
		return nil, s.broken(err)
	}
	if answer.GetResult() == nil {
		return nil, fmt.Errorf("the inventory sent another message instead of its result")
	}
	return answer.GetResult(), s.close()
}

// close ends a stream after its result, and releases its resources.
func (s *snapshot) close() error {
	if err := s.stream.CloseSend(); err != nil {
		return faultOf(s.ctx, err)
	}
	switch _, err := s.stream.Recv(); {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return fmt.Errorf("the inventory sent a message after the result of a snapshot")
	default:
		return faultOf(s.ctx, err)
	}
}

// broken returns why the stream ended before an answer.
func (s *snapshot) broken(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the inventory ended a snapshot without a result")
	}
	return faultOf(s.ctx, err)
}

func changesOf(result *inventoryv1.SnapshotResult) sync.Changes {
	return sync.Changes{
		Created: result.GetCreated(), Changed: result.GetChanged(), Gone: result.GetGone(), Reappeared: result.GetReappeared(),
		Missing: result.GetMissing(), MissingReason: result.GetMissingReason(),
	}
}

// wantedOf returns what identifies a missing instance.
func wantedOf(message *inventoryv1.Instance) provider.Wanted {
	return provider.Wanted{
		ProviderID: message.GetProviderId(), ProviderURI: message.GetProviderUri(),
		DisplayName: message.GetDisplayName(), Zone: message.GetLocation().GetZone(),
	}
}

func findingOf(f *provider.Finding) *inventoryv1.SnapshotVerdict_Finding {
	message := &inventoryv1.SnapshotVerdict_Finding{
		ProviderId: f.ProviderID,
		Evidence:   inventoryv1.SnapshotVerdict_Finding_Evidence(inventoryv1.SnapshotVerdict_Finding_Evidence_value[string(f.Evidence)]),
	}
	if f.Instance != nil {
		message.Instance = instanceOf(f.Instance)
	}
	if f.Failure != nil {
		message.Reason, message.Error = string(f.Failure.Reason), f.Failure.Message
	}
	return message
}
