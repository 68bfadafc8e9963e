package grpcproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// Register registers the public service of each upstream with r, forwarding its calls. It fails if
// the types of a method are not linked into the program, or if a method streams from the client,
// which is not supported.
func Register(r grpc.ServiceRegistrar, upstreams []gateway.Upstream) error {
	for _, up := range upstreams {
		desc, err := forwarding(up)
		if err != nil {
			return fmt.Errorf("forward %s: %w", up.Schema.FullName(), err)
		}
		r.RegisterService(desc, nil)
	}
	return nil
}

// method forwards the calls of one RPC.
type method struct {
	conn     grpc.ClientConnInterface
	fullName string
	request  protoreflect.MessageType
	response protoreflect.MessageType
}

// forwarding returns the generated description of a service with its handlers replaced by ones
// that forward.
func forwarding(up gateway.Upstream) (*grpc.ServiceDesc, error) {
	desc := &grpc.ServiceDesc{
		ServiceName: up.Desc.ServiceName,
		HandlerType: up.Desc.HandlerType,
		Metadata:    up.Desc.Metadata,
	}
	for _, generated := range up.Desc.Methods {
		m, err := newMethod(up, generated.MethodName)
		if err != nil {
			return nil, err
		}
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: generated.MethodName, Handler: m.unary})
	}
	for _, generated := range up.Desc.Streams {
		if generated.ClientStreams {
			return nil, fmt.Errorf("%s streams from the client, which the gateway can't forward", generated.StreamName)
		}
		m, err := newMethod(up, generated.StreamName)
		if err != nil {
			return nil, err
		}
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: generated.StreamName, ServerStreams: true, Handler: m.serverStream,
		})
	}
	return desc, nil
}

func newMethod(up gateway.Upstream, name string) (*method, error) {
	schema := up.Schema.Methods().ByName(protoreflect.Name(name))
	if schema == nil {
		return nil, fmt.Errorf("the proto file has no method %s", name)
	}
	request, err := protoregistry.GlobalTypes.FindMessageByName(schema.Input().FullName())
	if err != nil {
		return nil, err
	}
	response, err := protoregistry.GlobalTypes.FindMessageByName(schema.Output().FullName())
	if err != nil {
		return nil, err
	}
	return &method{
		conn:     up.Conn,
		fullName: fmt.Sprintf("/%s/%s", up.Schema.FullName(), name),
		request:  request,
		response: response,
	}, nil
}

// unary is a grpc.MethodHandler.
//
//nolint:revive // the signature of grpc.MethodHandler has the context second
func (m *method) unary(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
	request := m.request.New().Interface()
	if err := decode(request); err != nil {
		return nil, err
	}
	if intercept == nil {
		return m.invoke(ctx, request)
	}
	info := &grpc.UnaryServerInfo{Server: srv, FullMethod: m.fullName}
	return intercept(ctx, request, info, func(ctx context.Context, request any) (any, error) {
		return m.invoke(ctx, request)
	})
}

func (m *method) invoke(ctx context.Context, request any) (proto.Message, error) {
	var header, trailer metadata.MD
	response := m.response.New().Interface()
	err := m.conn.Invoke(outgoing(ctx), m.fullName, request, response, grpc.Header(&header), grpc.Trailer(&trailer))
	// Both fail only if the call has ended, and then nobody receives them.
	_ = grpc.SetHeader(ctx, header)
	_ = grpc.SetTrailer(ctx, trailer)
	if err != nil {
		return nil, err
	}
	return response, nil
}

// serverStream is a grpc.StreamHandler.
func (m *method) serverStream(_ any, down grpc.ServerStream) error {
	request := m.request.New().Interface()
	if err := down.RecvMsg(request); err != nil {
		return err
	}
	// Cancels the upstream call when this handler returns, for example because the client left.
	ctx, cancel := context.WithCancel(down.Context())
	defer cancel()
	up, err := m.conn.NewStream(outgoing(ctx), &grpc.StreamDesc{ServerStreams: true}, m.fullName)
	if err != nil {
		return err
	}
	// io.EOF means that the call has ended; RecvMsg returns the cause.
	if err := up.SendMsg(request); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := up.CloseSend(); err != nil {
		return err
	}
	return m.copyStream(up, down)
}

func (m *method) copyStream(up grpc.ClientStream, down grpc.ServerStream) error {
	defer func() { down.SetTrailer(up.Trailer()) }()
	header, err := up.Header()
	if err == nil {
		// Send the header now: the client may wait for it long before the first message arrives.
		err = down.SendHeader(header)
	}
	for err == nil {
		response := m.response.New().Interface()
		if err = up.RecvMsg(response); err == nil {
			err = down.SendMsg(response)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// outgoing returns ctx with the caller's metadata for the upstream call, except the keys that
// belong to the caller's connection.
func outgoing(ctx context.Context) context.Context {
	incoming, _ := metadata.FromIncomingContext(ctx)
	passed := metadata.MD{}
	for key, values := range incoming {
		if !isConnectionKey(key) {
			passed[key] = values
		}
	}
	if agent := incoming.Get("user-agent"); len(agent) > 0 {
		passed["x-forwarded-user-agent"] = agent
	}
	if p, ok := peer.FromContext(ctx); ok {
		passed["x-forwarded-for"] = append(slices.Clone(incoming.Get("x-forwarded-for")), host(p.Addr))
	}
	return metadata.NewOutgoingContext(ctx, passed)
}

// host returns an address without its port.
func host(address net.Addr) string {
	text, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return text
}

// isConnectionKey reports whether a gRPC connection sets the metadata key itself.
func isConnectionKey(key string) bool {
	switch key {
	case "content-type", "user-agent", "te":
		return true
	}
	return strings.HasPrefix(key, ":") || strings.HasPrefix(key, "grpc-")
}
