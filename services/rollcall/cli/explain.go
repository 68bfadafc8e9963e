package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// domain is the domain in the google.rpc.ErrorInfo of errors that Rollcall's services make.
const domain = "rollcall.dev"

// explanation is an error for people: what failed, details, and what to do.
type explanation struct {
	what   string
	facts  []fact
	remedy string
}

// fact is one line of detail.
type fact struct{ name, text string }

// report prints an error and returns the exit code.
func (s *session) report(err error) int {
	e := explain(err, s.server)
	fmt.Fprintf(s.err, "%s %s\n", s.errStyle.red("Error:"), cleanLines(e.what))
	longest := 0
	for _, f := range e.facts {
		longest = max(longest, len(f.name))
	}
	for _, f := range e.facts {
		fmt.Fprintf(s.err, "  %s  %s\n", s.errStyle.dim(fmt.Sprintf("%-*s", longest, clean(f.name))), clean(f.text))
	}
	if e.remedy != "" {
		fmt.Fprintf(s.err, "%s %s\n", s.errStyle.bold("What to do:"), e.remedy)
	}
	return exitFailed
}

// explain returns the explanation of any error of a command.
func explain(err error, server string) explanation {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return explanation{what: err.Error(), remedy: f.Remedy}
	}
	withStatus, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err)
	if !ok {
		return explanation{what: err.Error()}
	}
	st := withStatus.GRPCStatus()
	e := explanation{what: st.Message()}
	ours := e.addDetails(st.Details())
	switch st.Code() {
	case codes.Unavailable:
		if !ours {
			return unreachable(server, st.Message())
		}
	case codes.DeadlineExceeded:
		if !ours {
			e.what = fmt.Sprintf("%s did not respond in time", server)
			e.remedy = "try again, or set a longer --timeout"
		}
	case codes.Unimplemented:
		if !ours {
			e.what = fmt.Sprintf("the server at %s does not support this call (%s)", server, st.Message())
			e.remedy = "it is another program, or another version of Rollcall: compare its version with that of rollcall version, or set --server"
		}
	case codes.Internal, codes.Unknown, codes.DataLoss:
		e.remedy = "this is an error in Rollcall; see the log of the server for the cause"
	}
	if e.what == "" {
		e.what = st.Code().String()
	}
	return e
}

// unreachable returns the explanation of a failed connection.
func unreachable(server, message string) explanation {
	e := explanation{
		what:   "can't reach Rollcall at " + server,
		remedy: `start it with "rollcall up", or set --server or ROLLCALL_GRPC_ADDR to its address`,
	}
	switch {
	case strings.Contains(message, "connection refused"):
		e.what += ": connection refused"
	case strings.Contains(message, "server preface"), strings.Contains(message, "http2: "), strings.Contains(message, "frame"):
		e.what += ": the server there does not speak gRPC"
		e.remedy = "set --server or ROLLCALL_GRPC_ADDR to the gRPC port (9090 by default), not the REST port"
	case strings.Contains(message, "no such host"), strings.Contains(message, "produced zero addresses"):
		e.what += ": no such host"
	default:
		e.facts = append(e.facts, fact{"cause", message})
	}
	return e
}

// addDetails adds the details of an error (AIP-193) and reports whether one of Rollcall's services
// made it.
func (e *explanation) addDetails(details []any) (ours bool) {
	for _, detail := range details {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			ours = ours || d.GetDomain() == domain
			e.facts = append(e.facts, fact{"reason", d.GetReason()})
			for _, key := range slices.Sorted(maps.Keys(d.GetMetadata())) {
				if value := d.GetMetadata()[key]; !e.mentions(value) {
					e.facts = append(e.facts, fact{key, value})
				}
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				if !strings.Contains(e.what, v.GetDescription()) || !strings.Contains(e.what, v.GetField()) {
					e.facts = append(e.facts, fact{v.GetField(), v.GetDescription()})
				}
			}
		case *errdetails.PreconditionFailure:
			for _, v := range d.GetViolations() {
				e.facts = append(e.facts, fact{v.GetSubject(), v.GetDescription()})
			}
		case *errdetails.Help:
			for _, link := range d.GetLinks() {
				e.facts = append(e.facts, fact{"see", strings.TrimSpace(link.GetDescription() + " " + link.GetUrl())})
			}
		}
	}
	return ours
}

// mentions reports whether the message already contains a value, or each item of a list.
func (e *explanation) mentions(value string) bool {
	for item := range strings.SplitSeq(value, ",") {
		if !strings.Contains(e.what, item) {
			return false
		}
	}
	return true
}

// advise returns an error with a remedy.
func advise(remedy, format string, args ...any) error {
	return fault.New(fault.KindFailedPrecondition, "", format, args...).WithRemedy(remedy)
}

// isTransient reports whether a stream that ended with err can be opened again. The end of a stream
// without an error is transient too.
func isTransient(err error) bool {
	return errors.Is(err, io.EOF) || status.Code(err) == codes.Unavailable
}
