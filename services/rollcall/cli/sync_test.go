package cli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// testOutcomes returns an outcome of each sort.
func testOutcomes() []outcome {
	start := timestamppb.New(time.Date(2026, 3, 4, 11, 0, 0, 0, time.UTC))
	end := timestamppb.New(start.AsTime().Add(2340 * time.Millisecond))
	return []outcome{
		{account: "accounts/aws-1", run: &discoveryv1.SyncRun{
			Name: "syncRuns/1", State: discoveryv1.SyncRun_SUCCEEDED, StartTime: start, EndTime: end,
			ScopesTotal: 2, ScopesDone: 2, InstancesSeen: 1234,
			Scopes: []*discoveryv1.ScopeResult{{Created: 3, Changed: 1}, {Gone: 4, Reappeared: 1, Created: 1}},
		}},
		{account: "accounts/aws-2", run: &discoveryv1.SyncRun{
			Name: "syncRuns/2", State: discoveryv1.SyncRun_DEGRADED, StartTime: start, EndTime: end,
			ScopesTotal: 2, ScopesDone: 2, ScopesFailed: 1, InstancesSeen: 10, Remedy: "Allow ec2:DescribeInstances.",
			Scopes: []*discoveryv1.ScopeResult{
				{Kind: "VIRTUAL_MACHINE", Location: "eu-west-1", State: discoveryv1.ScopeResult_SUCCEEDED},
				{
					Kind: "DATABASE", Location: "us-east-1", State: discoveryv1.ScopeResult_FAILED,
					ErrorReason: "PERMISSION_DENIED", Error: "not authorized",
				},
			},
		}},
		{account: "accounts/aws-3", run: &discoveryv1.SyncRun{
			Name: "syncRuns/3", State: discoveryv1.SyncRun_FAILED, StartTime: start, EndTime: end,
			ErrorReason: "CREDENTIALS_INVALID", Error: "the key is unknown", Remedy: "Make a new key.",
		}},
		{account: "accounts/aws-4", run: &discoveryv1.SyncRun{Name: "syncRuns/4", State: discoveryv1.SyncRun_ABANDONED}},
		{account: "accounts/aws-5", err: errors.New("no such account")},
	}
}

func TestSummarize_Failures(t *testing.T) {
	s, out, stderr := newTestSession(formatTable)
	if err := summarize(s, testOutcomes(), false); !errors.Is(err, failed(exitFailed)) {
		t.Errorf("error is %v", err)
	}
	const wantOut = `ACCOUNT  RESULT     TOOK  SCOPES  INSTANCES  NEW  CHANGED  GONE  BACK
aws-1    SUCCEEDED  2.3s     2/2      1,234    4        1     4     1
aws-2    DEGRADED   2.3s     1/2         10    0        0     0     0
aws-3    FAILED     2.3s     0/0          0    0        0     0     0
aws-4    ABANDONED           0/0          0    0        0     0     0
aws-5    ERROR               0/0          0    0        0     0     0
`
	const wantErr = `aws-2: 1 of 2 scopes could not be read
  database us-east-1  PERMISSION_DENIED not authorized
  What to do: Allow ec2:DescribeInstances.
aws-3: CREDENTIALS_INVALID the key is unknown
  What to do: Make a new key.
aws-4: the run was abandoned because its worker stopped; the scopes that it had read are stored
  What to do: nothing, another run starts soon; or sync again now
aws-5: no such account
`
	if out.String() != wantOut {
		t.Errorf("stdout is\n%swant\n%s", out, wantOut)
	}
	if stderr.String() != wantErr {
		t.Errorf("stderr is\n%swant\n%s", stderr, wantErr)
	}
}

func TestSummarize_Success(t *testing.T) {
	s, _, stderr := newTestSession(formatTable)
	if err := summarize(s, testOutcomes()[:1], false); err != nil || stderr.String() != "" {
		t.Errorf("%v, %s", err, stderr)
	}
}

func TestSummarize_JSON(t *testing.T) {
	s, out, _ := newTestSession(formatJSON)
	if err := summarize(s, testOutcomes(), false); !errors.Is(err, failed(exitFailed)) {
		t.Errorf("error is %v", err)
	}
	var got struct {
		SyncRuns []struct{ Name, State string }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.SyncRuns) != 4 || got.SyncRuns[1].State != "DEGRADED" {
		t.Errorf("%v\n%s", err, out)
	}
	s, out, _ = newTestSession(formatNDJSON)
	if err := summarize(s, testOutcomes(), false); !errors.Is(err, failed(exitFailed)) || strings.Count(out.String(), "\n") != 4 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestProgress_Lines(t *testing.T) {
	s, _, stderr := newTestSession(formatTable)
	show := newProgress(s, []string{"accounts/aws-1"})
	run := &discoveryv1.SyncRun{Name: "syncRuns/7", State: discoveryv1.SyncRun_QUEUED}
	show.update(0, run)
	run.State = discoveryv1.SyncRun_RUNNING
	show.update(0, run)
	show.update(0, run) // unchanged
	show.end(0, testOutcomes()[0])
	show.stop()
	const want = "aws-1: queued (syncRuns/7)\naws-1: running (syncRuns/7)\naws-1: succeeded, 1,234 instances in 2 scopes\n"
	if stderr.String() != want {
		t.Errorf("got\n%swant\n%s", stderr, want)
	}
}
