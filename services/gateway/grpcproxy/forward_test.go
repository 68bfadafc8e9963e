package grpcproxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway"
	"github.com/rollcall-dev/rollcall/services/gateway/grpcproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// upstream is an inventory service that records the metadata of its calls.
type upstream struct {
	inventoryv1.UnimplementedInventoryServiceServer

	incoming metadata.MD
	ended    chan struct{}
}

func (u *upstream) GetInstance(ctx context.Context, request *inventoryv1.GetInstanceRequest) (*inventoryv1.Instance, error) {
	u.incoming, _ = metadata.FromIncomingContext(ctx)
	_ = grpc.SetHeader(ctx, metadata.Pairs("the-header", "h"))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("the-trailer", "t"))
	if request.GetName() == "instances/none" {
		st, err := status.New(codes.NotFound, "none").WithDetails(&errdetails.ErrorInfo{Reason: "NOT_FOUND"})
		if err != nil {
			return nil, err
		}
		return nil, st.Err()
	}
	return &inventoryv1.Instance{Name: request.GetName()}, nil
}

func (u *upstream) WatchInstances(_ *inventoryv1.WatchInstancesRequest, stream grpc.ServerStreamingServer[inventoryv1.WatchInstancesResponse]) error {
	defer close(u.ended)
	for _, token := range []string{"1", "2"} {
		if err := stream.Send(&inventoryv1.WatchInstancesResponse{ResumeToken: token}); err != nil {
			return err
		}
	}
	<-stream.Context().Done()
	return stream.Context().Err()
}

// serve serves register in memory and returns a connection to it.
func serve(t *testing.T, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	t.Helper()
	listener, server := bufconn.Listen(1<<16), grpc.NewServer()
	register(server)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///pipe", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// proxied returns a client of the upstream through the proxy.
func proxied(t *testing.T, u *upstream) inventoryv1.InventoryServiceClient {
	t.Helper()
	conn := serve(t, func(r grpc.ServiceRegistrar) { inventoryv1.RegisterInventoryServiceServer(r, u) })
	all := gateway.Upstreams{Accounts: conn, Inventory: conn, Discovery: conn}.Public()
	return inventoryv1.NewInventoryServiceClient(serve(t, func(r grpc.ServiceRegistrar) {
		if err := grpcproxy.Register(r, all); err != nil {
			t.Fatal(err)
		}
	}))
}

func TestRegister_UnaryCall(t *testing.T) {
	t.Parallel()
	u := &upstream{}
	client := proxied(t, u)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", "7", "x-forwarded-for", "10.0.0.1")
	var header, trailer metadata.MD
	got, err := client.GetInstance(ctx, &inventoryv1.GetInstanceRequest{Name: "instances/a"}, grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil || got.GetName() != "instances/a" {
		t.Fatalf("%v, %v", got, err)
	}
	if !slices.Equal(header.Get("the-header"), []string{"h"}) || !slices.Equal(trailer.Get("the-trailer"), []string{"t"}) {
		t.Errorf("header %v, trailer %v", header, trailer)
	}
	if !slices.Equal(u.incoming.Get("x-request-id"), []string{"7"}) {
		t.Errorf("the request id is missing: %v", u.incoming)
	}
	if forwarded := u.incoming.Get("x-forwarded-for"); len(forwarded) != 2 || forwarded[0] != "10.0.0.1" || forwarded[1] == "" {
		t.Errorf("x-forwarded-for is %v, want the address of the caller appended", forwarded)
	}
	if agent := u.incoming.Get("x-forwarded-user-agent"); len(agent) != 1 || agent[0] == "" {
		t.Errorf("x-forwarded-user-agent is %v", agent)
	}
	if types := u.incoming.Get("content-type"); len(types) != 1 {
		t.Errorf("content-type is %v, want only that of the connection", types)
	}
}

func TestRegister_ErrorDetails(t *testing.T) {
	t.Parallel()
	client := proxied(t, &upstream{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := client.GetInstance(ctx, &inventoryv1.GetInstanceRequest{Name: "instances/none"})
	st := status.Convert(err)
	if st.Code() != codes.NotFound || st.Message() != "none" || len(st.Details()) != 1 {
		t.Errorf("%v with details %v", st, st.Details())
	}
}

// TestRegister_StreamIsCancelled checks that the upstream call ends when the client leaves.
func TestRegister_StreamIsCancelled(t *testing.T) {
	t.Parallel()
	u := &upstream{ended: make(chan struct{})}
	client := proxied(t, u)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stream, err := client.WatchInstances(ctx, &inventoryv1.WatchInstancesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "2"} {
		if got, err := stream.Recv(); err != nil || got.GetResumeToken() != want {
			t.Fatalf("%v, %v; want %s", got, err, want)
		}
	}
	cancel()
	if _, err := stream.Recv(); status.Code(err) != codes.Canceled && !errors.Is(err, io.EOF) {
		t.Errorf("after cancel: %v", err)
	}
	select {
	case <-u.ended:
	case <-time.After(30 * time.Second):
		t.Error("the upstream call did not end")
	}
}

// TestRegister_ClientStream checks that a service with a client stream is refused.
func TestRegister_ClientStream(t *testing.T) {
	t.Parallel()
	up := gateway.Upstream{
		Name: "inventory", Desc: &inventoryv1.IngestService_ServiceDesc,
		Schema: inventoryv1.File_rollcall_inventory_v1_ingest_service_proto.Services().ByName("IngestService"),
	}
	if err := grpcproxy.Register(grpc.NewServer(), []gateway.Upstream{up}); err == nil {
		t.Error("a service with a client stream was registered")
	}
}
