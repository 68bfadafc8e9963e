package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// progressView shows the progress of runs, by the index of their account.
type progressView interface {
	update(i int, run *discoveryv1.SyncRun)
	end(i int, o outcome)
	// stop ends the view and leaves its last state on the screen.
	stop()
}

// newProgress returns a view with progress bars on a terminal, and lines otherwise.
func newProgress(s *session, names []string) progressView {
	if s.errStyle.colored && isTerminal(s.err) {
		return newBars(s, names)
	}
	return &lines{s: s, names: names, states: make([]discoveryv1.SyncRun_State, len(names))}
}

// bars shows a progress bar for each run.
type bars struct {
	names    []string
	writer   progress.Writer
	trackers []*progress.Tracker
	rendered chan struct{}
}

func newBars(s *session, names []string) *bars {
	b := &bars{names: names, writer: progress.NewWriter(), rendered: make(chan struct{})}
	b.writer.SetOutputWriter(s.err)
	b.writer.SetUpdateFrequency(100 * time.Millisecond)
	b.writer.SetTrackerLength(24)
	b.writer.SetTrackerPosition(progress.PositionRight)
	st := progress.StyleBlocks
	st.Options.Separator = "  "
	st.Options.DoneString, st.Options.ErrorString = s.errStyle.green("done"), s.errStyle.red("failed")
	st.Options.TimeDonePrecision, st.Options.TimeInProgressPrecision = 100*time.Millisecond, time.Second
	st.Options.PercentFormat, st.Options.PercentIndeterminate = "%3.0f%%", "    "
	st.Visibility = progress.StyleVisibility{Percentage: true, Time: true, Tracker: true}
	b.writer.SetStyle(st)
	for i, name := range names {
		t := &progress.Tracker{Message: message(name, nil), AutoStopDisabled: true, Index: uint64(i)}
		b.trackers = append(b.trackers, t)
		b.writer.AppendTracker(t)
	}
	go func() {
		defer close(b.rendered)
		b.writer.Render()
	}()
	return b
}

func (b *bars) update(i int, run *discoveryv1.SyncRun) {
	t := b.trackers[i]
	t.UpdateMessage(message(b.names[i], run))
	t.UpdateTotal(int64(run.GetScopesTotal()))
	t.SetValue(int64(run.GetScopesDone()))
}

func (b *bars) end(i int, o outcome) {
	if o.bad() {
		b.trackers[i].MarkAsErrored()
		return
	}
	b.trackers[i].MarkAsDone()
}

func (b *bars) stop() {
	b.writer.Stop()
	<-b.rendered
}

// message returns the text before a bar. It has a fixed width, so that the bars are aligned.
func message(account string, run *discoveryv1.SyncRun) string {
	progress := "waiting"
	if run.GetScopesTotal() > 0 {
		progress = fmt.Sprintf("%d of %s, %s", run.GetScopesDone(), humanize.Count(run.GetScopesTotal(), "scope"), humanize.Count(run.GetInstancesSeen(), "instance"))
	}
	return fmt.Sprintf("%-22s %-34s", clean(id(accountsCollection, account)), progress)
}

// lines prints a line for each change of state, for logs and pipes.
type lines struct {
	s     *session
	names []string

	mu     sync.Mutex
	states []discoveryv1.SyncRun_State
}

func (l *lines) update(i int, run *discoveryv1.SyncRun) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.states[i] == run.GetState() {
		return
	}
	l.states[i] = run.GetState()
	if !hasEnded(run) {
		fmt.Fprintf(l.s.err, "%s: %s (%s)\n", clean(id(accountsCollection, l.names[i])), enumText(run.GetState().String()), clean(run.GetName()))
	}
}

func (l *lines) end(i int, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.err == nil && hasEnded(o.run) { // the summary has the errors
		fmt.Fprintf(l.s.err, "%s: %s, %s in %s\n", clean(id(accountsCollection, l.names[i])), enumText(o.run.GetState().String()),
			humanize.Count(o.run.GetInstancesSeen(), "instance"), humanize.Count(o.run.GetScopesTotal(), "scope"))
	}
}

func (l *lines) stop() {}
