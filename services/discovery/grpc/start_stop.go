package grpc

import (
	"context"
	"crypto/sha256"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// lifecycle is the LifecycleService.
type lifecycle struct {
	discoveryv1.UnimplementedLifecycleServiceServer
	Options
}

// StartInstance starts an instance.
func (s *lifecycle) StartInstance(ctx context.Context, req *discoveryv1.StartInstanceRequest) (*longrunningpb.Operation, error) {
	return s.dispatch(ctx, req, operation.Request{
		Verb: provider.Start, Named: []operation.Named{namedOf(req)}, ValidateOnly: req.GetValidateOnly(),
		RequestID: req.GetRequestId(), Etag: req.GetEtag(), Reason: req.GetReason(),
	})
}

// StopInstance stops an instance.
func (s *lifecycle) StopInstance(ctx context.Context, req *discoveryv1.StopInstanceRequest) (*longrunningpb.Operation, error) {
	return s.dispatch(ctx, req, operation.Request{
		Verb: provider.Stop, Named: []operation.Named{namedOf(req)}, ValidateOnly: req.GetValidateOnly(),
		RequestID: req.GetRequestId(), Etag: req.GetEtag(), Reason: req.GetReason(), KeepStopped: req.GetKeepStopped(),
	})
}

// BatchStartInstances starts instances.
func (s *lifecycle) BatchStartInstances(
	ctx context.Context, req *discoveryv1.BatchStartInstancesRequest,
) (*longrunningpb.Operation, error) {
	return s.dispatch(ctx, req, batchOf(req, operation.Request{Verb: provider.Start}))
}

// BatchStopInstances stops instances.
func (s *lifecycle) BatchStopInstances(
	ctx context.Context, req *discoveryv1.BatchStopInstancesRequest,
) (*longrunningpb.Operation, error) {
	return s.dispatch(ctx, req, batchOf(req, operation.Request{Verb: provider.Stop, KeepStopped: req.GetKeepStopped()}))
}

func (s *lifecycle) dispatch(ctx context.Context, message proto.Message, request operation.Request) (*longrunningpb.Operation, error) {
	if err := noNUL(message); err != nil {
		return nil, err
	}
	request.Requester = requesterOf(ctx)
	if request.RequestID != "" {
		hash, err := hashOf(message)
		if err != nil {
			return nil, err
		}
		request.Hash, request.RequestID = hash, strings.ToLower(request.RequestID)
	}
	operation, err := s.Lifecycle.Submit(ctx, request)
	if err != nil {
		return nil, err
	}
	return longRunning(operation)
}

// noNUL refuses a text that Postgres can't store, before it is lost to the audit.
func noNUL(message proto.Message) (err error) {
	message.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Kind() != protoreflect.StringKind {
			return true
		}
		texts := []string{value.String()}
		if field.IsList() {
			texts = texts[:0]
			for n := range value.List().Len() {
				texts = append(texts, value.List().Get(n).String())
			}
		}
		for _, text := range texts {
			if strings.ContainsRune(text, 0) {
				err = fault.Invalid(string(field.Name()), "must not hold the character NUL")
			}
		}
		return err == nil
	})
	return err
}

// hashOf is a hash of all that a request asks for, and of what it is.
func hashOf(message proto.Message) ([]byte, error) {
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(message.ProtoReflect().Descriptor().FullName()+"\x00"), text...))
	return sum[:], nil
}

// single is a request for one instance.
type single interface {
	GetName() string
	GetProviderId() string
	GetAccount() string
	GetKind() string
	GetLocation() string
}

func namedOf(req single) operation.Named {
	id := req.GetProviderId()
	if id == "" {
		id = instanceID(req.GetName())
	}
	return operation.Named{
		ID: id, Account: accountID(req.GetAccount()), Kind: provider.Kind(req.GetKind()), Location: req.GetLocation(),
	}
}

// several is a request for some instances.
type several interface {
	GetNames() []string
	GetFilter() string
	GetMaxInstances() int32
	GetMaxParallel() int32
	GetValidateOnly() bool
	GetRequestId() string
	GetReason() string
}

func batchOf(req several, request operation.Request) operation.Request {
	request.Batch = true
	request.Filter, request.ValidateOnly = req.GetFilter(), req.GetValidateOnly()
	request.MaxInstances, request.MaxParallel = int(req.GetMaxInstances()), int(req.GetMaxParallel())
	request.RequestID, request.Reason = req.GetRequestId(), req.GetReason()
	for _, name := range req.GetNames() {
		request.Named = append(request.Named, operation.Named{ID: instanceID(name)})
	}
	return request
}

func instanceID(name string) string { return strings.TrimPrefix(name, operation.InstanceName("")) }
