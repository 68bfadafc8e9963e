package rest

import (
	"bytes"
	"mime"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)
// are the other form of a stream that can be resumed: the EventSource of a browser resumes it
// automatically.
const (
	contentTypeEvents = "text/event-stream"
	// lastEventIDHeader is the header that an EventSource sends when it reconnects.
	lastEventIDHeader = "Last-Event-ID"
	// lastEventIDParameter is the same as a query parameter, for clients that can't set headers.
	lastEventIDParameter = "lastEventId"
	// errorEvent precedes the status of a failed stream.
	errorEvent = "event: error\ndata: "
	// retryEvent is the first event of a stream: the reconnection time in milliseconds.
	retryEvent = "retry: 2000\n\n"
)

// The fields of a stream that can be resumed.
const (
	tokenField = protoreflect.Name("resume_token")
	typeField  = protoreflect.Name("type")
	// existingField asks for the existing resources first. It can't be used when resuming.
	existingField = protoreflect.Name("include_existing")
	// heartbeat is the type of a message that has only a token.
	heartbeat = "HEARTBEAT"
)

// eventMarshaler writes each message of a stream as an event: the id is its resume token, the
// event its type, and the data the message on one line. A heartbeat becomes a comment with an id:
// an EventSource updates the last event id but does not call its listeners.
type eventMarshaler struct{ marshaler }

// StreamContentType returns the content type of a stream.
func (eventMarshaler) StreamContentType(any) string { return contentTypeEvents }

// Delimiter returns the end of an event.
func (eventMarshaler) Delimiter() []byte { return []byte("\n\n") }

// Marshal encodes a message, or the error that ends the stream, as passed by grpc-gateway.
func (m eventMarshaler) Marshal(v any) ([]byte, error) {
	line, err := m.marshaler.Marshal(v)
	if err != nil {
		return nil, err
	}
	if status, ok := bytes.CutPrefix(line, []byte(errorPrefix)); ok {
		return append([]byte(errorEvent), bytes.TrimSuffix(status, []byte(errorSuffix))...), nil
	}
	chunk, _ := v.(map[string]any)
	message, ok := chunk["result"].(proto.Message)
	if !ok {
		return line, nil
	}
	var event bytes.Buffer
	fields := message.ProtoReflect().Descriptor().Fields()
	kind := ""
	if field := fields.ByName(typeField); field != nil {
		kind = string(field.Enum().Values().ByNumber(message.ProtoReflect().Get(field).Enum()).Name())
	}
	if kind == heartbeat {
		event.WriteString(": heartbeat\n")
	}
	if field := fields.ByName(tokenField); field != nil {
		event.WriteString("id: " + message.ProtoReflect().Get(field).String())
	}
	if kind != heartbeat {
		event.WriteString("\nevent: " + kind + "\ndata: ")
		event.Write(line)
	}
	return event.Bytes(), nil
}

// resumable reports whether the route is a stream that can be resumed and therefore served as
// events.
func (r *route) resumable() bool {
	return r.stream && r.request.Descriptor().Fields().ByName(tokenField) != nil
}

// events is middleware that serves a stream as server-sent events if the client accepts them, and
// resumes it after the last event id. It also forbids proxies to buffer streams.
func (t routeTable) events(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		rt, ok := t.of(r)
		if !ok || !rt.stream {
			next(w, r, params)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Accel-Buffering", "no")
		accept := r.Header.Get("Accept")
		r.Header.Del("Accept") // grpc-gateway chooses the marshaler by it.
		if rt.resumable() {
			resumeFromEvent(rt, r)
			if acceptsEvents(accept) {
				r.Header.Set("Accept", contentTypeEvents)
				w = &eventWriter{ResponseWriter: w}
			}
		}
		next(w, r, params)
	}
}

// acceptsEvents reports whether an Accept header contains the content type of events.
func acceptsEvents(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		if media, _, err := mime.ParseMediaType(part); err == nil && media == contentTypeEvents {
			return true
		}
	}
	return false
}

// resumeFromEvent sets the resume token of the request to the last event id. An EventSource
// reconnects to its original URL, so the parameters with which the stream began are removed.
func resumeFromEvent(rt *route, r *http.Request) {
	query := r.URL.Query()
	id := r.Header.Get(lastEventIDHeader)
	if id == "" {
		id = query.Get(lastEventIDParameter)
	}
	if !query.Has(lastEventIDParameter) && id == "" {
		return
	}
	query.Del(lastEventIDParameter)
	if id != "" {
		for _, name := range []protoreflect.Name{tokenField, existingField} {
			query.Del(string(name))
			query.Del(rt.request.Descriptor().Fields().ByName(name).JSONName())
		}
		query.Set(string(tokenField), id)
	}
	r.URL.RawQuery = query.Encode()
}

// eventWriter writes retryEvent before the first event.
type eventWriter struct {
	http.ResponseWriter
	begun bool
}

func (e *eventWriter) Write(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		if e.Header().Get("Content-Type") == contentTypeEvents {
			if _, err := e.ResponseWriter.Write([]byte(retryEvent)); err != nil {
				return 0, err
			}
		}
	}
	return e.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (e *eventWriter) Unwrap() http.ResponseWriter { return e.ResponseWriter }
