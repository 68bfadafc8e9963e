package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// scanAccount reads one row of accountColumns, and further columns into more.
func scanAccount(row pgx.Row, more ...any) (*accounts.Account, error) {
	var (
		a            accounts.Account
		c            connectionRow
		now          time.Time
		syncInterval *time.Duration
		credentials  credentialsRow
	)
	dest := []any{
		&a.ID, &a.Provider, &a.CloudID, &a.DisplayName, &a.Labels, &a.Paused, &a.ReadOnly, &syncInterval, &a.Regions,
		&credentials.method, &credentials.settings, &credentials.source, &a.Revision, &a.CreateTime, &a.UpdateTime,
	}
	dest = append(append(append(dest, c.dest()...), &now), more...)
	if err := row.Scan(dest...); err != nil {
		return nil, err
	}
	if syncInterval != nil {
		a.SyncInterval = *syncInterval
	}
	var err error
	if a.Credentials, err = credentials.decode(); err != nil {
		return nil, fmt.Errorf("account %s: %w", a.ID, err)
	}
	a.Connection = c.state().At(now)
	return &a, nil
}

// connectionRow takes the columns of connections; all of them are null for an
// account that was never tried.
type connectionRow struct {
	outcome                   zeronull.Text
	lastSyncTime, lastSuccess zeronull.Timestamptz
	lastError, reason, remedy zeronull.Text
	lastSyncRun, syncingRun   zeronull.Text
	syncingUntil              zeronull.Timestamptz
	token                     zeronull.Int8
}

func (c *connectionRow) dest() []any {
	return []any{
		&c.outcome, &c.lastSyncTime, &c.lastSuccess, &c.lastError, &c.reason, &c.remedy, &c.lastSyncRun,
		&c.syncingUntil, &c.syncingRun, &c.token,
	}
}

func (c *connectionRow) state() accounts.ConnectionState {
	return accounts.ConnectionState{
		Outcome:         accounts.Status(c.outcome),
		LastSyncTime:    time.Time(c.lastSyncTime),
		LastSuccessTime: time.Time(c.lastSuccess),
		LastError:       string(c.lastError),
		Reason:          accounts.Reason(c.reason),
		Remedy:          string(c.remedy),
		LastSyncRun:     string(c.lastSyncRun),
		SyncingUntil:    time.Time(c.syncingUntil),
		SyncingRun:      string(c.syncingRun),
		Token:           int64(c.token),
	}
}

// nullable is the column sync_interval of an interval: null when it is 0.
func nullable(interval time.Duration) *time.Duration {
	if interval == 0 {
		return nil
	}
	return &interval
}

// labels is never nil: the column holds an object, not null.
func labels(held map[string]string) map[string]string {
	if held == nil {
		return map[string]string{}
	}
	return held
}

// regions is never nil, likewise.
func regions(held []string) []string {
	if held == nil {
		return []string{}
	}
	return held
}
