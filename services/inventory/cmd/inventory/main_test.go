package main_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// program is the built program, which runs as in production.
type program struct {
	cmd    *exec.Cmd
	reads  inventoryv1.InventoryServiceClient
	ingest inventoryv1.IngestServiceClient
}

// run builds the program and starts it on an empty database, with its environment only.
func run(t *testing.T) *program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "inventory")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	secret := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	p := &program{cmd: exec.CommandContext(context.Background(), binary)}
	p.cmd.Env = append(os.Environ(),
		"ROLLCALL_DATABASE_URL="+dbtest.New(t, dbtest.Template{Service: "inventory"}).URL,
		"ROLLCALL_DISCOVERY_KEY="+secret, "ROLLCALL_GRPC_ADDR=localhost:0", "ROLLCALL_INTERNAL_ADDR=localhost:0",
		"ROLLCALL_LOG_FORMAT=json")
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // without effect if it has ended
		_ = p.cmd.Wait()
	})
	addresses := awaitListening(t, bufio.NewScanner(stderr))

	var key auth.Key
	if err := key.UnmarshalText([]byte(secret)); err != nil {
		t.Fatal(err)
	}
	p.reads = inventoryv1.NewInventoryServiceClient(dial(t, addresses.GRPC))
	p.ingest = inventoryv1.NewIngestServiceClient(dial(t, addresses.Internal, grpc.WithPerRPCCredentials(auth.PerRPC(key, "discovery"))))
	return p
}

// listening matches the line of the log with the addresses.
type listening struct{ Msg, GRPC, Internal string }

// awaitListening reads the log until the program listens.
func awaitListening(t *testing.T, lines *bufio.Scanner) (line listening) {
	t.Helper()
	for lines.Scan() {
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "listening" {
			return line
		}
		t.Log(lines.Text())
	}
	t.Fatal("the program ended before it listened")
	return line
}

func dial(t *testing.T, address string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := serve.Address(address).Dial(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A scope of 100,000 instances goes through the program within 256 MB, repeatedly. Then the
// program ends cleanly when it is asked to.
func TestProgram(t *testing.T) {
	const most = 256 << 20
	size := 100_000
	if testing.Short() {
		size = 10_000
	}
	p := run(t)
	for fence, want := range []*inventoryv1.SnapshotResult{
		{Created: int64(size)}, {Unchanged: int64(size)}, {Unchanged: int64(size / 2), Changed: int64(size / 2)},
	} {
		got := p.apply(t, int64(fence+1), size, fence == 2)
		if got.GetCreated() != want.GetCreated() || got.GetUnchanged() != want.GetUnchanged() || got.GetChanged() != want.GetChanged() {
			t.Errorf("observation %d: %v, want %v", fence+1, got, want)
		}
		if peak := p.peak(t); peak > most {
			t.Errorf("after observation %d the program had used %d MB", fence+1, peak>>20)
		} else {
			t.Logf("after observation %d the program had used at most %d MB", fence+1, peak>>20)
		}
	}
	resp, err := p.reads.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if err != nil || int(resp.GetTotalSize()) != size {
		t.Errorf("%d instances, %v", resp.GetTotalSize(), err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// peak returns the largest memory of the program, in bytes; 0 if the system does not report it.
func (p *program) peak(t *testing.T) int64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); fields[0] == "VmHWM:" {
			kB, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kB << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// apply sends a complete observation of so many instances, half of which may have changed.
func (p *program) apply(t *testing.T, fence int64, size int, changed bool) *inventoryv1.SnapshotResult {
	t.Helper()
	stream, err := p.ingest.ApplySnapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	send := func(message *inventoryv1.ApplySnapshotRequest) {
		if err := stream.Send(message); err != nil {
			_, err = stream.Recv()
			t.Fatal(err)
		}
	}
	send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Start{Start: &inventoryv1.SnapshotStart{
		Account: "accounts/aws-1", Provider: commonv1.Provider_AWS, Kind: commonv1.Kind_VIRTUAL_MACHINE,
		Location: "eu-west-1", FencingToken: fence, ObserveTime: timestamppb.New(time.Unix(fence, 0)),
	}}})
	for n := 0; n < size; n += 1000 {
		batch := &inventoryv1.SnapshotInstances{}
		for k := n; k < n+1000; k++ {
			batch.Instances = append(batch.Instances, machine(k, changed && k%2 == 0))
		}
		send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Instances{Instances: batch}})
	}
	send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Complete{
		Complete: &inventoryv1.SnapshotComplete{InstanceCount: int64(size)}}})
	resp, err := stream.Recv() // nothing is missing
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetResult()
}

// machine returns a virtual machine of about 800 bytes as a row.
func machine(n int, resized bool) *inventoryv1.Instance {
	id := fmt.Sprintf("i-%017x", n*2654435761)
	m := &inventoryv1.Instance{
		ProviderId: id, ProviderUri: "arn:aws:ec2:eu-west-1:100000000001:instance/" + id,
		DisplayName: fmt.Sprintf("web-%d", n), Location: &commonv1.Location{Region: "eu-west-1", Zone: "eu-west-1a"},
		State: inventoryv1.Instance_RUNNING, ProviderState: "running", MachineType: "m6i.large",
		PrivateIps: []string{fmt.Sprintf("10.%d.%d.%d", n>>16&0xff, n>>8&0xff, n&0xff)},
		Labels: map[string]string{
			"Name": fmt.Sprintf("web-%d", n), "team": fmt.Sprintf("team-%d", n%20), "env": "prod", "managed-by": "terraform",
			"cost-center": fmt.Sprintf("cc-%d", n%100), "aws:autoscaling:groupName": fmt.Sprintf("asg-%d", n%500),
		},
		CreateTime: timestamppb.New(time.Unix(int64(n), 0)),
		Details: &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
			Image: "ami-0123456789abcdef0", Architecture: "x86_64", Platform: "Linux/UNIX", Network: "vpc-0123456789abcdef0",
			Subnet: "subnet-0123456789abcdef0", Hostname: "ip-10-0-1-2.eu-west-1.compute.internal", StartTime: timestamppb.New(time.Unix(int64(n), 0)),
		}},
	}
	if resized {
		m.MachineType = "m6i.2xlarge"
	}
	return m
}
