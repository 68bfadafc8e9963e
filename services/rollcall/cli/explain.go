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
)

// domain marks the errors of Rollcall's own services in google.rpc.ErrorInfo.
const domain = "rollcall.dev"

// explanation is an error as a person reads it: what happened, to what, and what to do.
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

// explain turns any error of a command into words.
func explain(err error, server string) explanation {
	if e, ok := errors.AsType[*advised](err); ok {
		return explanation{what: e.what, remedy: e.remedy}
	}
	answered, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err)
	if !ok {
		return explanation{what: err.Error()}
	}
	st := answered.GRPCStatus()
	e := explanation{what: st.Message()}
	ours := e.addDetails(st.Details())
	switch st.Code() {
	case codes.Unavailable:
		if !ours {
			return unreachable(server, st.Message())
		}
	case codes.DeadlineExceeded:
		if !ours {
			e.what = fmt.Sprintf("no answer from %s in time", server)
			e.remedy = "try again, or allow more time with --timeout"
		}
	case codes.Unimplemented:
		if !ours {
			e.what = fmt.Sprintf("what listens at %s does not know this call (%s)", server, st.Message())
			e.remedy = "it is another program, or a Rollcall of another version: compare with rollcall version, or set --server"
		}
	case codes.Internal, codes.Unknown, codes.DataLoss:
		e.remedy = "this is a fault of Rollcall's: its log says more"
	}
	if e.what == "" {
		e.what = st.Code().String()
	}
	return e
}

// unreachable explains that no Rollcall answers at an address.
func unreachable(server, message string) explanation {
	e := explanation{
		what:   "no Rollcall answers at " + server,
		remedy: `start one here with "rollcall up", or set --server or ROLLCALL_GRPC_ADDR to where it runs`,
	}
	switch {
	case strings.Contains(message, "connection refused"):
		e.what += ": nothing listens there"
	case strings.Contains(message, "server preface"), strings.Contains(message, "http2: "), strings.Contains(message, "frame"):
		e.what += ": what listens there does not speak gRPC"
		e.remedy = "the REST port is not the gRPC port: set --server or ROLLCALL_GRPC_ADDR to the latter (9090 unless changed)"
	case strings.Contains(message, "no such host"), strings.Contains(message, "produced zero addresses"):
		e.what += ": there is no such host"
	default:
		e.facts = append(e.facts, fact{"cause", message})
	}
	return e
}

// addDetails adds what an answer says beyond its text (AIP-193), and tells whether one of our services said it.
func (e *explanation) addDetails(details []any) (ours bool) {
	for _, detail := range details {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			ours = ours || d.GetDomain() == domain
			e.facts = append(e.facts, fact{"reason", d.GetReason()})
			for _, key := range slices.Sorted(maps.Keys(d.GetMetadata())) {
				if value := d.GetMetadata()[key]; !e.tells(value) {
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

// tells whether the text holds a value already, or each item of a list.
func (e *explanation) tells(value string) bool {
	for item := range strings.SplitSeq(value, ",") {
		if !strings.Contains(e.what, item) {
			return false
		}
	}
	return true
}

// advised is an error of the client's own that knows what to do about it.
type advised struct{ what, remedy string }

func (a *advised) Error() string { return a.what }

// advise makes an error with what to do about it.
func advise(remedy, format string, args ...any) error {
	return &advised{what: fmt.Sprintf(format, args...), remedy: remedy}
}

// isPassing tells whether a stream broke in a way that is worth another try: its end without an error is one of them.
func isPassing(err error) bool {
	return errors.Is(err, io.EOF) || status.Code(err) == codes.Unavailable
}
