package accounts

import (
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Status is the status of a connection, as the enum value of the contract is spelled.
type Status string

// The statuses.
const (
	// Unknown: never tried.
	Unknown Status = "UNKNOWN"
	// SyncRunning: a sync is running, and its lease has not expired.
	SyncRunning Status = "SYNCING"
	// Connected: the last sync read every scope.
	Connected Status = "CONNECTED"
	// Degraded: the last sync read some scopes, and failed on others.
	Degraded Status = "DEGRADED"
	// Failed: the last sync read nothing.
	Failed Status = "FAILED"
)

// Reason is the reason of a failed sync, as the enum value of the contract is spelled, such as
// THROTTLED; empty if the sync did not fail.
type Reason string

// Connection is the status of the connection to an account, as people see it.
type Connection struct {
	Status Status
	// LastSyncTime is when the last sync ended, LastSuccessTime when the last one ended that read
	// every scope; zero if there was none.
	LastSyncTime, LastSuccessTime time.Time
	// LastError, Reason and Remedy are of the last sync that ended, even while another runs.
	LastError string
	Reason    Reason
	Remedy    string
	// SyncRun is the id of the run that Status belongs to.
	SyncRun string
}

// ConnectionState is the stored state of a connection: the outcome of the last finished sync, and
// the lease of the run that reported last. The zero value stands for an account that was never
// tried.
type ConnectionState struct {
	// Outcome of the last finished sync; Unknown or empty if there was none.
	Outcome                       Status
	LastSyncTime, LastSuccessTime time.Time
	LastError                     string
	Reason                        Reason
	Remedy                        string
	LastSyncRun                   string

	// SyncingUntil is the end of the lease; zero if the run has ended.
	SyncingUntil time.Time
	SyncingRun   string
	// Token is the largest fencing token of all accepted reports.
	Token int64
}

// At returns the connection as people see it at the time now.
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

// Report is a report of discovery on one run.
type Report struct {
	// Token is the fencing token, which grows from run to run. Above 0.
	Token int64
	// Run is the id of the run.
	Run string
	// News is the content of the report.
	News News
}

// News is the content of a report: Syncing, Finished or Abandoned.
type News interface {
	isNews()
}

// Syncing reports that the run goes on, and that the next report follows before Lease has passed.
type Syncing struct{ Lease time.Duration }

// Finished reports the outcome of the run.
type Finished struct {
	// Outcome is Connected, Degraded or Failed.
	Outcome Status
	// Error and Reason are empty if and only if the outcome is Connected. Remedy may be empty for
	// every outcome and is empty for Connected.
	Error  string
	Reason Reason
	Remedy string
	// EndTime is when the run ended, by the reporter's clock.
	EndTime time.Time
}

// Abandoned reports that the run ended without an outcome.
type Abandoned struct{}

func (Syncing) isNews()   {}
func (Finished) isNews()  {}
func (Abandoned) isNews() {}

// Apply returns the state after a report that arrived at the time now. A stale report is refused
// with an ABORTED fault. A repeated report is accepted and changes nothing.
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

// repeats reports whether a report on the run that ended last has nothing new: the response to the
// first one was lost, or the run was abandoned after it had reported its end.
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
	// The clocks of the reporters differ: an end in the future, or before that of an earlier run,
	// would be visible for a long time. The database stores microseconds.
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

// sanitized replaces the character NUL, which Postgres can't store and which the error texts of
// clouds may contain.
func (f Finished) sanitized() Finished {
	f.Error = strings.ReplaceAll(f.Error, "\x00", "\uFFFD")
	f.Remedy = strings.ReplaceAll(f.Remedy, "\x00", "\uFFFD")
	return f
}

// Validate checks that the outcome matches its reason, and that the end is a time that can be
// stored.
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
	return fault.New(fault.KindAborted, fault.ReasonStaleReport, "the report on run %s is stale: %s", report.Run, why).
		With("syncRun", report.Run)
}
