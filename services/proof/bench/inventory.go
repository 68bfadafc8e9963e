package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/pgrole"
	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// inventoryProcess is the inventory service, running as in production, with a Postgres of its own.
type inventoryProcess struct {
	cmd         *exec.Cmd
	databaseURL string
	reads       inventoryv1.InventoryServiceClient
	ingest      inventoryv1.IngestServiceClient
	conns       []*grpc.ClientConn
	// closers release the resources of the process, in reverse order.
	closers []func()
}

// startInventory starts Postgres and the program. After an error nothing is left running.
func startInventory(ctx context.Context, program string) (_ *inventoryProcess, err error) {
	p := &inventoryProcess{}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	dir, err := os.MkdirTemp("", "rollcall-bench-")
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() { _ = os.RemoveAll(dir) })
	db, err := pgserver.Start(ctx, pgserver.Config{DataDir: filepath.Join(dir, "postgres")})
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() { _ = db.Stop(context.WithoutCancel(ctx)) })
	access, err := pgrole.Provision(ctx, db.URL("postgres"), "", "inventory", "bench")
	if err != nil {
		return nil, err
	}
	p.databaseURL = access.URL
	secret := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	cmd := exec.CommandContext(ctx, program)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(os.Environ(), "ROLLCALL_DATABASE_URL="+access.URL, "ROLLCALL_DISCOVERY_KEY="+secret,
		"ROLLCALL_GRPC_ADDR=localhost:0", "ROLLCALL_INTERNAL_ADDR=localhost:0", "ROLLCALL_LOG_FORMAT=json")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.cmd = cmd
	p.closers = append(p.closers, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return p, p.connect(stderr, secret)
}

// connect reads the program's addresses from its log, and connects.
func (p *inventoryProcess) connect(log io.Reader, secret string) error {
	var line struct{ Msg, GRPC, Internal string }
	lines := bufio.NewScanner(log)
	for line.Msg != "listening" {
		if !lines.Scan() {
			return errors.New("the inventory ended before it listened")
		}
		_ = json.Unmarshal(lines.Bytes(), &line) // other lines have other fields
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	var key auth.Key
	if err := key.UnmarshalText([]byte(secret)); err != nil {
		return err
	}
	reads, err := p.dial(line.GRPC)
	if err != nil {
		return err
	}
	ingest, err := p.dial(line.Internal, grpc.WithPerRPCCredentials(auth.PerRPC(key, "discovery")))
	if err != nil {
		return err
	}
	p.reads, p.ingest = inventoryv1.NewInventoryServiceClient(reads), inventoryv1.NewIngestServiceClient(ingest)
	return nil
}

func (p *inventoryProcess) dial(address string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(address, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err == nil {
		p.conns = append(p.conns, conn)
	}
	return conn, err
}

func (p *inventoryProcess) stop() {
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	for _, closer := range slices.Backward(p.closers) {
		closer()
	}
}

// observePage is the number of instances in a message, about as many as discovery sends.
const observePage = 500

// observe applies a complete observation of one scope, of count instances.
func observe(ctx context.Context, ingest inventoryv1.IngestServiceClient, account int, region string, token int64, count int, instance func(n int) *inventoryv1.Instance) error {
	stream, err := ingest.ApplySnapshot(ctx)
	if err != nil {
		return err
	}
	// Recv returns the error that makes Send fail.
	_ = stream.Send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Start{Start: &inventoryv1.SnapshotStart{
		Account: readAccount(account), Provider: commonv1.Provider_AWS, Kind: commonv1.Kind_VIRTUAL_MACHINE, Location: region,
		FencingToken: token, ObserveTime: timestamppb.New(time.Now()),
	}}})
	for begin := 0; begin < count; begin += observePage {
		seen := &inventoryv1.SnapshotInstances{}
		for n := begin; n < min(begin+observePage, count); n++ {
			seen.Instances = append(seen.Instances, instance(n))
		}
		if stream.Send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Instances{Instances: seen}}) != nil {
			break
		}
	}
	_ = stream.Send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Complete{
		Complete: &inventoryv1.SnapshotComplete{InstanceCount: int64(count)}}})
	answer, err := stream.Recv()
	if err == nil && answer.GetResult() == nil {
		err = errNoAnswer
	}
	if err != nil {
		return fmt.Errorf("observe %s of %s: %w", region, readAccount(account), err)
	}
	return stream.CloseSend()
}
