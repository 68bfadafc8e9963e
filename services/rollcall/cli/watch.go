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
)

type watchInstances struct {
	Filter      string `short:"f" help:"As in rollcall instances list." placeholder:"FILTER"`
	Existing    bool   `help:"List what is there first." xor:"begin"`
	ResumeToken string `help:"Go on after the message with this token." placeholder:"TOKEN" xor:"begin"`
}

// Help is the end of --help.
func (c *watchInstances) Help() string {
	return `Tells each change of the instances that the filter matches, once and in order, until Ctrl-C. When the
connection breaks it comes back by itself and goes on where it was. With -o json each line is one object.

Exits with 3 when what follows a token is no longer kept: begin anew with --existing.

Examples:
  rollcall instances watch --filter 'labels.team = "data"'
  rollcall instances watch --existing -o json | jq -r '[.type, .instance.displayName] | @tsv'`
}

const (
	// watchHeartbeat is how long the server may be silent; the connection is given up after silentBeats of it.
	watchHeartbeat = 15 * time.Second
	silentBeats    = 3

	firstPause, longestPause = 200 * time.Millisecond, 10 * time.Second
)

var errSilent = errors.New("the server said nothing for too long")

// Run tells what happens until ctx ends.
func (c *watchInstances) Run(ctx context.Context, s *session) error {
	w := &following{s: s, request: &inventoryv1.WatchInstancesRequest{
		Filter: c.Filter, IncludeExisting: c.Existing, ResumeToken: c.ResumeToken, HeartbeatInterval: durationpb.New(watchHeartbeat),
	}}
	for {
		err := w.once(ctx)
		switch {
		case ctx.Err() != nil:
			w.stopped()
			return failed(exitInterrupted)
		case status.Code(err) == codes.OutOfRange:
			s.report(advise("begin anew: rollcall instances watch --existing", "%s", status.Convert(err).Message()))
			return failed(exitExpired)
		case !w.connected || !worthAnotherTry(err):
			return err
		}
		wait := w.pause()
		fmt.Fprintf(s.err, "%s %s; back in %s, nothing is missed\n", s.errStyle.yellow("Interrupted:"),
			clean(explain(err, s.server).what), wait.Round(100*time.Millisecond))
		pause(ctx, wait)
	}
}

// worthAnotherTry tells whether a watch that ended can go on from its token.
func worthAnotherTry(err error) bool {
	return isPassing(err) || errors.Is(err, errSilent) || status.Code(err) == codes.ResourceExhausted
}

// following is a watch over all its connections.
type following struct {
	s       *session
	request *inventoryv1.WatchInstancesRequest
	// connected tells that there was a first message once; broken that there was none since the connection broke.
	connected, broken bool
	breaks            int
	listed            int
}

// once follows one connection to its end.
func (w *following) once(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(silentBeats*watchHeartbeat, func() { cancel(errSilent) })
	defer silence.Stop()
	stream, err := w.s.inventory().WatchInstances(ctx, w.request)
	for err == nil {
		var m *inventoryv1.WatchInstancesResponse
		if m, err = stream.Recv(); err == nil {
			silence.Reset(silentBeats * watchHeartbeat)
			err = w.take(m)
		}
	}
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// take tells of one message, and remembers where to go on.
func (w *following) take(m *inventoryv1.WatchInstancesResponse) error {
	if w.broken {
		fmt.Fprintln(w.s.err, "Connected again.")
	}
	w.connected, w.broken, w.breaks = true, false, 0
	if err := w.print(m); err != nil {
		return err
	}
	w.request.ResumeToken, w.request.IncludeExisting = m.GetResumeToken(), false
	return nil
}

// pause is how long to wait before the next connection: longer each time, and not for all alike.
func (w *following) pause() time.Duration {
	w.broken = true
	w.breaks++
	wait := min(firstPause<<min(w.breaks-1, 10), longestPause)
	return wait/2 + rand.N(wait) //nolint:gosec // it need not be secret
}

// stopped says how to go on.
func (w *following) stopped() {
	if w.s.format == formatTable && w.request.GetResumeToken() != "" {
		fmt.Fprintf(w.s.err, "Stopped. Go on from here: %s\n",
			w.s.errStyle.bold("rollcall instances watch --resume-token "+w.request.GetResumeToken()))
	}
}

func (w *following) print(m *inventoryv1.WatchInstancesResponse) error {
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

// printLine tells it to people.
func (w *following) printLine(m *inventoryv1.WatchInstancesResponse) error {
	if m.GetType() == inventoryv1.WatchInstancesResponse_LISTED {
		fmt.Fprintf(w.s.err, "%s there; what happens from now on follows\n", plural(w.listed, "instance"))
		return nil
	}
	i := m.GetInstance()
	when := i.GetObserveTime()
	if m.GetType() == inventoryv1.WatchInstancesResponse_EXISTING {
		w.listed++
	}
	text := fmt.Sprintf("%s  %s  %s  %s  %s  %s  %s", w.s.outStyle.dim(when.AsTime().Local().Format(time.TimeOnly)), w.eventWord(m.GetType()),
		clean(i.GetDisplayName()), w.s.outStyle.byWord(i.GetState().String()), clean(cmp.Or(i.GetLocation().GetZone(), i.GetLocation().GetRegion())),
		clean(id(accountsCollection, i.GetAccount())), clean(i.GetProviderId()))
	if len(m.GetChangedFields()) > 0 {
		text += "  " + w.s.outStyle.dim("("+clean(strings.Join(m.GetChangedFields(), ", "))+")")
	}
	_, err := fmt.Fprintln(w.s.out, text)
	return err
}

// eventWord is a type in one width, painted by what it means.
func (w *following) eventWord(t inventoryv1.WatchInstancesResponse_Type) string {
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
