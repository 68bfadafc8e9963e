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
// are the other form of a stream that can be resumed: a browser's EventSource
// resumes it by itself.
const (
	contentTypeEvents = "text/event-stream"
	// lastEventIDHeader is what an EventSource sends when it comes back.
	lastEventIDHeader = "Last-Event-ID"
	// lastEventIDParameter is the same for those who can't set headers.
	lastEventIDParameter = "lastEventId"
	// errorEvent stands before the status of a stream that failed.
	errorEvent = "event: error\ndata: "
	// retryEvent opens a stream: how long to wait before coming back, in
	// milliseconds.
	retryEvent = "retry: 2000\n\n"
)

// The fields of a stream that can be resumed.
const (
	tokenField = protoreflect.Name("resume_token")
	typeField  = protoreflect.Name("type")
	// existingField begins a stream with a list, which one that resumes does not.
	existingField = protoreflect.Name("include_existing")
	// silent is the type of a message that tells nothing but its token.
	silent = "HEARTBEAT"
)

// eventMarshaler writes each message of a stream as an event: its token as the
// id, its type, and the message itself as data on one line. A heartbeat is a
// comment that moves the id on, of which the listeners of an EventSource hear
// nothing.
type eventMarshaler struct{ marshaler }

// StreamContentType says what a stream is.
func (eventMarshaler) StreamContentType(any) string { return contentTypeEvents }

// Delimiter ends an event.
func (eventMarshaler) Delimiter() []byte { return []byte("\n\n") }

// Marshal writes what grpc-gateway gives for a message or for the error that
// ends the stream.
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
	if kind == silent {
		event.WriteString(": heartbeat\n")
	}
	if field := fields.ByName(tokenField); field != nil {
		event.WriteString("id: " + message.ProtoReflect().Get(field).String())
	}
	if kind != silent {
		event.WriteString("\nevent: " + kind + "\ndata: ")
		event.Write(line)
	}
	return event.Bytes(), nil
}

// resumable tells whether a stream can be resumed, and so be of events.
func (r *route) resumable() bool {
	return r.stream && r.request.Descriptor().Fields().ByName(tokenField) != nil
}

// events answers a stream with server-sent events where they are asked for, and
// resumes it from the id of the last one. It says to proxies that a stream must
// not wait in them.
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
		r.Header.Del("Accept") // it names the marshaler
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

// acceptsEvents tells whether events are among what a client accepts.
func acceptsEvents(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		if media, _, err := mime.ParseMediaType(part); err == nil && media == contentTypeEvents {
			return true
		}
	}
	return false
}

// resumeFromEvent makes the last event's id the resume token. An EventSource
// comes back to the very address that it began with: what the stream began with
// there does not count any more.
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

// eventWriter opens a stream of events.
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

// Unwrap lets http.ResponseController flush.
func (e *eventWriter) Unwrap() http.ResponseWriter { return e.ResponseWriter }
