package main

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	// Linked in for their descriptors alone.
	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/api/annotations"

	openapi "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2/options"
)

// roots are the files that the contract imports; what they import follows.
func roots() []protoreflect.FileDescriptor {
	return []protoreflect.FileDescriptor{
		annotations.File_google_api_annotations_proto,
		annotations.File_google_api_client_proto,
		annotations.File_google_api_field_behavior_proto,
		annotations.File_google_api_resource_proto,
		longrunningpb.File_google_longrunning_operations_proto,
		validate.File_buf_validate_validate_proto,
		openapi.File_protoc_gen_openapiv2_options_annotations_proto,
	}
}
