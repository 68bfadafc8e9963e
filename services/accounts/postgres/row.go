package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/rollcall-dev/rollcall/services/accounts"
)

// scanAccount scans one row of accountColumns, and further columns into more.
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
	if err := credentials.decode(&a); err != nil {
		return nil, fmt.Errorf("account %s: %w", a.ID, err)
	}
	a.Connection = c.state().At(now)
	return &a, nil
}

// connectionRow has the columns of connections. All of them are null for an account that was never
// tried.
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

// nullable returns the column sync_interval for an interval: null for 0.
func nullable(interval time.Duration) *time.Duration {
	if interval == 0 {
		return nil
	}
	return &interval
}

// labels returns labels that are not nil: the column holds an object.
func labels(stored map[string]string) map[string]string {
	if stored == nil {
		return map[string]string{}
	}
	return stored
}

// regions returns regions that are not nil.
func regions(stored []string) []string {
	if stored == nil {
		return []string{}
	}
	return stored
}
