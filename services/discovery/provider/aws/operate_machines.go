package aws

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// assessMachines sets the obstacles to a start or stop of EC2 instances.
func (s *session) assessMachines(
	ctx context.Context, region string, verb provider.Verb, assessments []provider.Assessment, calls provider.Calls,
) {
	var spot map[string]types.SpotInstanceType
	if verb == provider.Stop {
		spot = s.spotKinds(ctx, region, assessments, calls)
	}
	for i := range assessments {
		a := &assessments[i]
		if a.Instance == nil || a.Instance.Machine == nil {
			continue
		}
		if a.Obstacle = machineInWay(a.Instance, verb); a.Obstacle != nil || verb == provider.Start {
			continue
		}
		kind, known := spot[a.Instance.Machine.SpotRequest]
		a.Obstacle = machineCantStop(a.Instance, kind)
		if a.Obstacle == nil && a.Instance.Machine.Spot && !known {
			a.Notes = append(a.Notes, "It is a spot instance: EC2 stops it only if its spot request is persistent, which is unknown.")
		}
	}
}

// machineInWay returns the obstacle of a state that does not permit the call.
func machineInWay(i *provider.Instance, verb provider.Verb) *fault.Error {
	switch {
	case i.State == provider.StateTerminated, i.ProviderState == string(types.InstanceStateNameShuttingDown):
		return terminated(i.DisplayName)
	case verb == provider.Start && i.State == provider.StateStopping:
		return fault.ForReason(fault.ReasonInvalidState, i.DisplayName+" is still stopping: EC2 starts only stopped instances", "", nil).AsRetryable()
	}
	return nil
}

func terminated(name string) *fault.Error {
	return fault.ForReason(fault.ReasonTerminated, name+" was deleted permanently", "", nil)
}

// machineCantStop returns why EC2 does not stop an instance, or should not be asked to (EC2 User Guide,
// "Stop and start Amazon EC2 instances").
func machineCantStop(i *provider.Instance, spot types.SpotInstanceType) *fault.Error {
	switch m := i.Machine; {
	case m.InstanceStore:
		return fault.ForReason(fault.ReasonCantStopInstanceStore,
			i.DisplayName+" has its root disk in an instance store: EC2 stops no such instance, because the disk would be lost",
			"Terminate it if it is not needed, or launch a new one from an image with an EBS root disk.", nil)
	case spot == types.SpotInstanceTypeOneTime:
		return cantStopSpot(i.DisplayName)
	case m.AutoscalingGroup != "":
		return fault.ForReason(fault.ReasonCantStopAutoscaled,
			fmt.Sprintf("%s belongs to the Auto Scaling group %s, which would terminate it and launch another one", i.DisplayName, m.AutoscalingGroup),
			"Lower the group's desired capacity; or put the instance into standby, or suspend the group's health checks, and stop it then.", nil)
	}
	return nil
}

func cantStopSpot(name string) *fault.Error {
	return fault.ForReason(fault.ReasonCantStopSpot, name+" is a spot instance of a one-time request: EC2 can only terminate it",
		"Terminate it if it is not needed; only instances of a persistent spot request can be stopped.", nil)
}

// spotRequestsPerCall is the number of spot requests in one call. A filter may have 200 values.
const spotRequestsPerCall = 100

// spotKinds returns whether the requests of spot instances are one-time or persistent, as far as EC2
// returns them. It needs ec2:DescribeSpotInstanceRequests; without it, EC2 rejects the stop itself.
func (s *session) spotKinds(
	ctx context.Context, region string, assessments []provider.Assessment, calls provider.Calls,
) map[string]types.SpotInstanceType {
	var requests []string
	for i := range assessments {
		if instance := assessments[i].Instance; instance != nil && instance.Machine != nil && instance.Machine.SpotRequest != "" {
			requests = append(requests, instance.Machine.SpotRequest)
		}
	}
	kinds := make(map[string]types.SpotInstanceType, len(requests))
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	at := call{service: "EC2", region: region, permission: "ec2:DescribeSpotInstanceRequests"}
	for len(requests) > 0 {
		some := requests[:min(len(requests), spotRequestsPerCall)]
		requests = requests[len(some):]
		answer, err := attempt(ctx, s.provider.config.CallLimit, calls, s.failures(at), func(ctx context.Context) (*ec2.DescribeSpotInstanceRequestsOutput, error) {
			// A filter, because the call would fail for an id that no longer exists.
			return client.DescribeSpotInstanceRequests(ctx, &ec2.DescribeSpotInstanceRequestsInput{
				Filters: []types.Filter{{Name: aws.String("spot-instance-request-id"), Values: some}},
			})
		})
		if err != nil {
			return kinds
		}
		for i := range answer.SpotInstanceRequests {
			kinds[aws.ToString(answer.SpotInstanceRequests[i].SpotInstanceRequestId)] = answer.SpotInstanceRequests[i].Type
		}
	}
	return kinds
}

// actOnMachine starts or stops one EC2 instance.
func (s *session) actOnMachine(ctx context.Context, order *provider.Order, calls provider.Calls) provider.Receipt {
	a := s.act(order, "EC2", map[provider.Verb]string{provider.Start: "ec2:StartInstances", provider.Stop: "ec2:StopInstances"}[order.Verb])
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) {
		o.Region, o.HTTPClient, o.Retryer = order.Location, a.client, aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, a.watch)
	})
	ids := []string{order.Instance.ProviderID}
	return a.once(ctx, calls, func(ctx context.Context) (provider.State, string, error) {
		var changes []types.InstanceStateChange
		if order.Verb == provider.Start {
			out, err := client.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: ids})
			if err != nil {
				return "", "", err
			}
			changes = out.StartingInstances
		} else {
			out, err := client.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: ids})
			if err != nil {
				return "", "", err
			}
			changes = out.StoppingInstances
		}
		for i := range changes {
			if aws.ToString(changes[i].InstanceId) == ids[0] {
				state, name := machineState(changes[i].CurrentState)
				return state, name, nil
			}
		}
		return "", "", provider.InvalidAnswer("EC2 in " + order.Location + " answered without the instance to " + order.Verb.Word())
	})
}

// machineProgress returns the progress of a start or stop by the state of the instance. LaunchTime
// changes with each start, which proves that a start was made even if it failed later.
func machineProgress(p *provider.PlacedOrder, now *provider.Instance) provider.Progress {
	if refusal := machineInWay(now, provider.Stop); refusal != nil {
		return provider.Progress{Effect: provider.InDoubt, Refusal: refusal}
	}
	taken := provider.Progress{Effect: provider.Taken}
	switch since, starting := startedAfter(p, now), p.Verb == provider.Start; {
	case starting && now.State == provider.StatePending,
		starting && now.State == provider.StateRunning && (since >= 0 || p.Instance.State != provider.StateRunning),
		!starting && (now.State == provider.StateStopping || now.State == provider.StateStopped):
		return taken
	case starting && now.State == provider.StateStopped && (since > clocksApart || since >= 0 && !byUser(now)):
		taken.Refusal = startFailed(now)
		return taken
	case starting && now.State == provider.StateStopping && since >= 0:
		return taken // It stops again; EC2 shows the reason when it has stopped.
	case !starting && since > clocksApart:
		taken.Refusal = fault.ForReason(fault.ReasonCloudFailed, now.DisplayName+" was stopped, and someone else started it again", "", nil)
		return taken
	}
	return provider.Progress{Effect: provider.InDoubt}
}

// clocksApart is how far the local clock and that of AWS may differ.
const clocksApart = 2 * time.Second

// startedAfter returns how long after the call the instance was last started, in whole seconds as EC2
// reports it. It is negative if that was before the call.
func startedAfter(p *provider.PlacedOrder, now *provider.Instance) time.Duration {
	if now.Machine == nil || now.Machine.StartTime.IsZero() || p.CallTime.IsZero() {
		return -1
	}
	return now.Machine.StartTime.Sub(p.CallTime.Truncate(time.Second))
}

// byUser reports whether an instance stopped because someone stopped it.
func byUser(now *provider.Instance) bool {
	reason := now.Machine.StateReason
	return reason == "" || strings.HasPrefix(reason, "Client.UserInitiated") || strings.HasPrefix(reason, "Client.InstanceInitiated")
}

// startFailed returns why an instance that was started has stopped again.
func startFailed(now *provider.Instance) *fault.Error {
	reason := now.Machine.StateReason
	problem := fmt.Sprintf("EC2 failed to start %s: %s", now.DisplayName, providerkit.Shorten(reason))
	switch {
	case reason == "":
		return fault.ForReason(fault.ReasonCloudFailed, fmt.Sprintf("EC2 started %s, and it stopped again; EC2 reports no reason", now.DisplayName), "", nil)
	case byUser(now):
		return fault.ForReason(fault.ReasonCloudFailed, fmt.Sprintf("%s was started, and someone else stopped it again: %s", now.DisplayName, providerkit.Shorten(reason)), "", nil)
	case strings.Contains(reason, "Insufficient"):
		return fault.ForReason(fault.ReasonInsufficientCapacity, problem, remedyCapacity, nil).AsRetryable()
	case strings.Contains(reason, "LimitExceeded"):
		return fault.ForReason(fault.ReasonQuotaExceeded, problem, remedyQuota, nil)
	case strings.HasPrefix(reason, "Client.InternalError"):
		return fault.ForReason(fault.ReasonCloudFailed, problem,
			"Most often a disk is encrypted with a key that EC2 may not use: check the key, its state and its policy.", nil)
	}
	return fault.ForReason(fault.ReasonCloudFailed, problem, "", nil)
}
