package grpc

import (
	"context"
	"crypto/sha256"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// submit submits a request that message asks for.
func (s *lifecycleServer) submit(ctx context.Context, message proto.Message, request operation.Request) (*longrunningpb.Operation, error) {
	if err := checkNUL(message); err != nil {
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
	submitted, err := s.lifecycle.Submit(ctx, request)
	if err != nil {
		return nil, err
	}
	return operationMessage(submitted)
}

// checkNUL refuses texts with the character NUL, which Postgres can't store: the audit would
// lose the request.
func checkNUL(message proto.Message) (err error) {
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
				err = fault.Invalid(string(field.Name()), "must not contain the character NUL")
			}
		}
		return err == nil
	})
	return err
}

// hashOf returns a hash of a request and its type.
func hashOf(message proto.Message) ([]byte, error) {
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(message.ProtoReflect().Descriptor().FullName()+"\x00"), text...))
	return sum[:], nil
}

// singleRequest is a request for one instance.
type singleRequest interface {
	GetName() string
	GetProviderId() string
	GetAccount() string
	GetKind() string
	GetLocation() string
}

func namedOf(req singleRequest) operation.Named {
	id := req.GetProviderId()
	if id == "" {
		id = instanceID(req.GetName())
	}
	return operation.Named{
		ID: id, Account: accountID(req.GetAccount()), Kind: cloud.Kind(req.GetKind()), Location: req.GetLocation(),
	}
}

// batchRequest is a request for several instances.
type batchRequest interface {
	GetNames() []string
	GetFilter() string
	GetMaxInstances() int32
	GetMaxParallel() int32
	GetValidateOnly() bool
	GetRequestId() string
	GetReason() string
}

func batchOf(req batchRequest, request operation.Request) operation.Request {
	request.Batch = true
	request.Filter, request.ValidateOnly = req.GetFilter(), req.GetValidateOnly()
	request.MaxInstances, request.MaxParallel = int(req.GetMaxInstances()), int(req.GetMaxParallel())
	request.RequestID, request.Reason = req.GetRequestId(), req.GetReason()
	for _, name := range req.GetNames() {
		request.Named = append(request.Named, operation.Named{ID: instanceID(name)})
	}
	return request
}
