package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

type watchInstances struct {
	Filter      string `short:"f" help:"As in rollcall instances list." placeholder:"FILTER"`
	Existing    bool   `help:"List the existing instances first." xor:"begin"`
	ResumeToken string `help:"Resume after the message with this token." placeholder:"TOKEN" xor:"begin"`
}

// Help returns the end of the help text.
func (c *watchInstances) Help() string {
	return `Prints each change of the instances that match the filter, once and in order, until Ctrl-C. If the connection breaks,
it reconnects and resumes without missing a change. With -o json each line is one object.

The exit code is 3 if the changes after a token are no longer stored; start again with --existing.

Examples:
  rollcall instances watch --filter 'labels.team = "data"'
  rollcall instances watch --existing -o json | jq -r '[.type, .instance.displayName] | @tsv'`
}

const (
	// watchHeartbeat is the interval at which the server sends at least a heartbeat. The client
	// reconnects after missedHeartbeats of them.
	watchHeartbeat   = 15 * time.Second
	missedHeartbeats = 3

	firstPause, longestPause = 200 * time.Millisecond, 10 * time.Second
)

var errSilent = errors.New("the server sent no heartbeats")

// Run prints changes until ctx ends.
func (c *watchInstances) Run(ctx context.Context, s *session) error {
	w := &watcher{s: s, request: &inventoryv1.WatchInstancesRequest{
		Filter: c.Filter, IncludeExisting: c.Existing, ResumeToken: c.ResumeToken, HeartbeatInterval: durationpb.New(watchHeartbeat),
	}}
	for {
		err := w.once(ctx)
		switch {
		case ctx.Err() != nil:
			w.stopped()
			return failed(exitInterrupted)
		case status.Code(err) == codes.OutOfRange:
			s.report(advise("start again with rollcall instances watch --existing", "%s", status.Convert(err).Message()))
			return failed(exitExpired)
		case !w.connected || !canResume(err):
			return err
		}
		wait := w.pause()
		fmt.Fprintf(s.err, "%s %s; reconnecting in %s, no changes are missed\n", s.errStyle.yellow("Connection lost:"),
			clean(explain(err, s.server).what), wait.Round(100*time.Millisecond))
		retry.Wait(ctx, wait)
	}
}

// canResume reports whether a watch that ended with err can resume from its token.
func canResume(err error) bool {
	return isTransient(err) || errors.Is(err, errSilent) || status.Code(err) == codes.ResourceExhausted
}

// watcher is a watch across several connections.
type watcher struct {
	s       *session
	request *inventoryv1.WatchInstancesRequest
	// connected is set after the first message, and broken from the loss of a connection to the
	// next message.
	connected, broken bool
	// failures is the number of connections lost since the last message.
	failures int
	// listed is the number of existing instances so far.
	listed int
}

// once watches over one connection until it ends.
func (w *watcher) once(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(missedHeartbeats*watchHeartbeat, func() { cancel(errSilent) })
	defer silence.Stop()
	stream, err := w.s.inventory().WatchInstances(ctx, w.request)
	for err == nil {
		var m *inventoryv1.WatchInstancesResponse
		if m, err = stream.Recv(); err == nil {
			silence.Reset(missedHeartbeats * watchHeartbeat)
			err = w.take(m)
		}
	}
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// take prints a message and stores its resume token.
func (w *watcher) take(m *inventoryv1.WatchInstancesResponse) error {
	if w.broken {
		fmt.Fprintln(w.s.err, "Reconnected.")
	}
	w.connected, w.broken, w.failures = true, false, 0
	if err := w.print(m); err != nil {
		return err
	}
	w.request.ResumeToken, w.request.IncludeExisting = m.GetResumeToken(), false
	return nil
}

// pause returns the time to wait before the next connection. It grows with each failure, and is
// random so that clients don't reconnect at the same time.
func (w *watcher) pause() time.Duration {
	w.broken = true
	w.failures++
	wait := min(firstPause<<min(w.failures-1, 10), longestPause)
	return wait/2 + rand.N(wait) //nolint:gosec // need not be secret
}

// stopped prints how to resume.
func (w *watcher) stopped() {
	if w.s.format == formatTable && w.request.GetResumeToken() != "" {
		fmt.Fprintf(w.s.err, "Stopped. To resume, run: %s\n",
			w.s.errStyle.bold("rollcall instances watch --resume-token "+w.request.GetResumeToken()))
	}
}

func (w *watcher) print(m *inventoryv1.WatchInstancesResponse) error {
	if m.GetType() == inventoryv1.WatchInstancesResponse_HEARTBEAT {
		return nil
	}
	switch w.s.format {
	case formatTable:
		return w.printLine(m)
	case formatYAML:
		fmt.Fprintln(w.s.out, "---")
		return printMessage(w.s.out, formatYAML, m)
	default:
		return printMessage(w.s.out, formatNDJSON, m)
	}
}

// printLine prints a message for people.
func (w *watcher) printLine(m *inventoryv1.WatchInstancesResponse) error {
	if m.GetType() == inventoryv1.WatchInstancesResponse_LISTED {
		fmt.Fprintf(w.s.err, "%s listed; changes follow\n", humanize.Count(w.listed, "instance"))
		return nil
	}
	i := m.GetInstance()
	when := i.GetObserveTime()
	if m.GetType() == inventoryv1.WatchInstancesResponse_EXISTING {
		w.listed++
	}
	text := fmt.Sprintf("%s  %s  %s  %s  %s  %s  %s", w.s.outStyle.dim(when.AsTime().Local().Format(time.TimeOnly)), w.eventText(m.GetType()),
		clean(i.GetDisplayName()), w.s.outStyle.state(i.GetState().String()), clean(cmp.Or(i.GetLocation().GetZone(), i.GetLocation().GetRegion())),
		clean(id(accountsCollection, i.GetAccount())), clean(i.GetProviderId()))
	if len(m.GetChangedFields()) > 0 {
		text += "  " + w.s.outStyle.dim("("+clean(strings.Join(m.GetChangedFields(), ", "))+")")
	}
	_, err := fmt.Fprintln(w.s.out, text)
	return err
}

// eventText returns the type of an event in its colour, with a fixed width.
func (w *watcher) eventText(t inventoryv1.WatchInstancesResponse_Type) string {
	text, st := fmt.Sprintf("%-10s", t), w.s.outStyle
	switch t {
	case inventoryv1.WatchInstancesResponse_CREATED, inventoryv1.WatchInstancesResponse_REAPPEARED:
		return st.green(text)
	case inventoryv1.WatchInstancesResponse_GONE:
		return st.red(text)
	case inventoryv1.WatchInstancesResponse_CHANGED:
		return st.yellow(text)
	default:
		return st.dim(text)
	}
}
