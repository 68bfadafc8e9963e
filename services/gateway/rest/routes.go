package rest

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/rollcall-dev/rollcall/services/gateway"
)

// route is one google.api.http rule, which maps a REST request to a gRPC request.
type route struct {
	// request is the type of the gRPC request.
	request protoreflect.MessageType
	// body is the field that the body sets, `*` for all fields, or "" for none.
	body string
	// bound lists the fields that the path and the body set, as dotted proto names.
	bound []string
	// stream is set if the response is a stream.
	stream bool
}

// routeTable maps routeKey to routes.
type routeTable map[string]*route

func routeKey(httpMethod, template string) string { return httpMethod + " " + template }

// of returns the route that grpc-gateway chose for a request.
func (t routeTable) of(r *http.Request) (*route, bool) {
	pattern, ok := runtime.HTTPPattern(r.Context())
	if !ok {
		return nil, false
	}
	rt, ok := t[routeKey(r.Method, pattern.String())]
	return rt, ok
}

// routes returns the routes of all services, from their proto descriptors.
func routes(upstreams []gateway.Upstream) (routeTable, error) {
	table := routeTable{}
	for _, up := range upstreams {
		if up.GRPCOnly {
			continue
		}
		methods := up.Schema.Methods()
		for i := range methods.Len() {
			if err := table.add(methods.Get(i)); err != nil {
				return nil, err
			}
		}
	}
	return table, nil
}

func (t routeTable) add(method protoreflect.MethodDescriptor) error {
	rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !ok || rule == nil {
		return nil
	}
	request, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return fmt.Errorf("route of %s: %w", method.FullName(), err)
	}
	for _, rule := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		httpMethod, template := verbAndTemplate(rule)
		bound := pathFields(template)
		if body := rule.GetBody(); body != "" && body != "*" {
			bound = append(bound, body)
		}
		t[routeKey(httpMethod, template)] = &route{request: request, body: rule.GetBody(), bound: bound, stream: method.IsStreamingServer()}
	}
	return nil
}

func verbAndTemplate(rule *annotations.HttpRule) (httpMethod, template string) {
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, pattern.Get
	case *annotations.HttpRule_Post:
		return http.MethodPost, pattern.Post
	case *annotations.HttpRule_Put:
		return http.MethodPut, pattern.Put
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, pattern.Patch
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, pattern.Delete
	default:
		return rule.GetCustom().GetKind(), rule.GetCustom().GetPath()
	}
}

var templateVariable = regexp.MustCompile(`\{([^=}]+)`)

// pathFields returns the fields that a template such as `/v1/{name=accounts/*}:sync` sets.
func pathFields(template string) []string {
	var fields []string
	for _, match := range templateVariable.FindAllStringSubmatch(template, -1) {
		fields = append(fields, match[1])
	}
	return fields
}

// binds reports whether the path or the body sets the field with a dotted name, or a part of it.
func (r *route) binds(path string) bool {
	if r.body == "*" {
		return true
	}
	for _, bound := range r.bound {
		if path == bound || strings.HasPrefix(path, bound+".") || strings.HasPrefix(bound, path+".") {
			return true
		}
	}
	return false
}
