package cli

import (
	"errors"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

func statusWith(t *testing.T, code codes.Code, message string, details ...protoadapt.MessageV1) error {
	t.Helper()
	st, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}

func TestReport(t *testing.T) {
	ours := func(reason string, metadata map[string]string) *errdetails.ErrorInfo {
		return &errdetails.ErrorInfo{Reason: reason, Domain: domain, Metadata: metadata}
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"violation missing in the message": {
			statusWith(t, codes.InvalidArgument, "the account is wrong", ours("INVALID_FIELD", nil), &errdetails.BadRequest{
				FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "account.aws.account_id", Description: "must be 12 digits"}},
			}),
			"Error: the account is wrong\n  reason                  INVALID_FIELD\n  account.aws.account_id  must be 12 digits\n",
		},
		"violation in the message": {
			statusWith(t, codes.InvalidArgument, "filter: unknown field x", ours("INVALID_FIELD", nil), &errdetails.BadRequest{
				FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "filter", Description: "unknown field x"}},
			}),
			"Error: filter: unknown field x\n  reason  INVALID_FIELD\n",
		},
		"metadata": {
			statusWith(t, codes.FailedPrecondition, "too old", ours("TOO_STALE", map[string]string{"scopes": "a, b", "oldest": "2m"})),
			"Error: too old\n  reason  TOO_STALE\n  oldest  2m\n  scopes  a, b\n",
		},
		"our error with the code of a connection error": {
			statusWith(t, codes.Unavailable, "the database is not available at the moment; try again soon", ours("UNAVAILABLE", nil)),
			"Error: the database is not available at the moment; try again soon\n  reason  UNAVAILABLE\n",
		},
		"timeout": {
			status.Error(codes.DeadlineExceeded, "context deadline exceeded"),
			"Error: there:1 did not respond in time\nWhat to do: try again, or set a longer --timeout\n",
		},
		"unknown method": {
			status.Error(codes.Unimplemented, "unknown method X"),
			"Error: the server at there:1 does not support this call (unknown method X)\n" +
				"What to do: it is another program, or another version of Rollcall: compare its version with that of rollcall version, or set --server\n",
		},
		"control characters": {
			statusWith(t, codes.NotFound, "no \x1b[2Jscreen"),
			"Error: no \\x1b[2Jscreen\n",
		},
		"plain error":   {errors.New("disk full"), "Error: disk full\n"},
		"with a remedy": {advise("do that", "this is %s", "wrong"), "Error: this is wrong\nWhat to do: do that\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s, out, stderr := newTestSession(formatTable)
			s.server = "there:1"
			if code := s.report(c.err); code != exitFailed {
				t.Errorf("exit code %d", code)
			}
			if stderr.String() != c.want || out.String() != "" {
				t.Errorf("got\n%swant\n%s", stderr, c.want)
			}
		})
	}
}
