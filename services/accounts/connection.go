package accounts

import (
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Status is how a connection is going, as the enum word of the contract.
type Status string

// The statuses.
const (
	// Unknown: never tried.
	Unknown Status = "UNKNOWN"
	// SyncRunning: a sync is running, and its lease holds.
	SyncRunning Status = "SYNCING"
	// Connected: the last sync read every scope.
	Connected Status = "CONNECTED"
	// Degraded: the last sync read some scopes, and failed on others.
	Degraded Status = "DEGRADED"
	// Failed: the last sync read nothing.
	Failed Status = "FAILED"
)

// Reason is why a sync failed, as the enum word of the contract, such as
// THROTTLED; empty when it did not.
type Reason string

// Connection is how the connection to an account is going, as people see it.
type Connection struct {
	Status Status
	// LastSyncTime is when the last sync ended, LastSuccessTime when the last
	// one did that read every scope; zero when none did.
	LastSyncTime, LastSuccessTime time.Time
	// LastError, Reason and Remedy are of the last sync that ended, also while
	// another runs.
	LastError string
	Reason    Reason
	Remedy    string
	// SyncRun is the id of the run that Status is about.
	SyncRun string
}

// ConnectionState is what is held of a connection: the outcome of the last
// finished sync, and the lease of the run that reported last. The zero value
// stands for an account that was never tried.
type ConnectionState struct {
	// Outcome of the last finished sync; Unknown or empty when none was.
	Outcome                       Status
	LastSyncTime, LastSuccessTime time.Time
	LastError                     string
	Reason                        Reason
	Remedy                        string
	LastSyncRun                   string

	// SyncingUntil is the end of the lease; zero when the run has ended.
	SyncingUntil time.Time
	SyncingRun   string
	// Token is the largest fencing token of any report taken.
	Token int64
}

// At is the connection as it is seen at the moment now.
func (s ConnectionState) At(now time.Time) Connection {
	seen := Connection{
		Status:       s.Outcome,
		LastSyncTime: s.LastSyncTime, LastSuccessTime: s.LastSuccessTime,
		LastError: s.LastError, Reason: s.Reason, Remedy: s.Remedy,
		SyncRun: s.LastSyncRun,
	}
	if seen.Status == "" {
		seen.Status = Unknown
	}
	if s.SyncingUntil.After(now) {
		seen.Status, seen.SyncRun = SyncRunning, s.SyncingRun
	}
	return seen
}

// Report is what discovery says of one run.
type Report struct {
	// Token fences: it grows from run to run. Above 0.
	Token int64
	// Run is the id of the run.
	Run string
	// News of the run.
	News News
}

// News is what a report says: Syncing, Finished or Abandoned.
type News interface {
	isNews()
}

// Syncing says that the run goes on, and will say so again before Lease has
// passed.
type Syncing struct{ Lease time.Duration }

// Finished says what the run came to.
type Finished struct {
	// Outcome is Connected, Degraded or Failed.
	Outcome Status
	// Error, Reason and Remedy are empty exactly when the outcome is Connected;
	// only Remedy may always be.
	Error  string
	Reason Reason
	Remedy string
	// EndTime is when the run ended, by the reporter's clock.
	EndTime time.Time
}

// Abandoned says that the run came to nothing.
type Abandoned struct{}

func (Syncing) isNews()   {}
func (Finished) isNews()  {}
func (Abandoned) isNews() {}

// Apply is the state after a report that came at the moment now. A report that
// is stale is refused with an ABORTED fault and changes nothing; one that says
// again what is held already is taken and changes nothing.
func (s ConnectionState) Apply(report Report, now time.Time) (ConnectionState, error) {
	if report.Token < s.Token {
		return s, stale(report, "a later run has reported since")
	}
	if report.Token == s.Token && s.SyncingUntil.IsZero() {
		if s.repeats(report) {
			return s, nil
		}
		return s, stale(report, "the run has ended")
	}
	s.Token = report.Token
	switch news := report.News.(type) {
	case Syncing:
		s.SyncingUntil, s.SyncingRun = now.Add(news.Lease), report.Run
	case Finished:
		s = s.finish(news, report.Run, now)
	case Abandoned:
		s.SyncingUntil, s.SyncingRun = time.Time{}, ""
	}
	return s, nil
}

// repeats tells whether a report on the run that ended last says nothing new:
// its answer was lost, or the run is given up after it had reported its end.
func (s ConnectionState) repeats(report Report) bool {
	switch news := report.News.(type) {
	case Finished:
		news = news.sanitized()
		return report.Run != "" && report.Run == s.LastSyncRun && news.Outcome == s.Outcome &&
			news.Error == s.LastError && news.Reason == s.Reason && news.Remedy == s.Remedy
	case Abandoned:
		return true
	}
	return false
}

func (s ConnectionState) finish(news Finished, run string, now time.Time) ConnectionState {
	news = news.sanitized()
	// Reporters' clocks differ: an end in the future, or before that of an
	// earlier run, would show for as long as theirs is off. Microseconds are what
	// the database keeps.
	end := news.EndTime.Truncate(time.Microsecond)
	if end.After(now) {
		end = now
	}
	if end.Before(s.LastSyncTime) {
		end = s.LastSyncTime
	}
	s.Outcome, s.LastSyncTime, s.LastSyncRun = news.Outcome, end, run
	s.LastError, s.Reason, s.Remedy = news.Error, news.Reason, news.Remedy
	if news.Outcome == Connected {
		s.LastSuccessTime = end
	}
	s.SyncingUntil, s.SyncingRun = time.Time{}, ""
	return s
}

// sanitized is the news as it can be stored: clouds' error texts may hold
// anything, and Postgres stores no NUL.
func (f Finished) sanitized() Finished {
	f.Error = strings.ReplaceAll(f.Error, "\x00", "\uFFFD")
	f.Remedy = strings.ReplaceAll(f.Remedy, "\x00", "\uFFFD")
	return f
}

// Validate tells whether the outcome and its reason go together, and the end is
// a time of our age: one that is not can't be stored.
func (f Finished) Validate() error {
	switch {
	case f.EndTime.Unix() <= 0:
		return fault.Invalid("outcome.end_time", "must be after 1970")
	case f.Outcome == Connected && (f.Reason != "" || f.Error != "" || f.Remedy != ""):
		return fault.Invalid("outcome.reason", "a sync that read everything has no error, reason or remedy")
	case f.Outcome != Connected && f.Reason == "":
		return fault.Invalid("outcome.reason", "a sync that did not read everything has a reason")
	}
	return nil
}

func stale(report Report, why string) error {
	return fault.New(fault.KindAborted, "STALE_REPORT", "the report on run %s is too old: %s", report.Run, why).
		With("syncRun", report.Run)
}
