package postgres

import (
	"encoding/json"
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
		method       string
		settings     []byte
	)
	dest := []any{
		&a.ID, &a.Provider, &a.CloudID, &a.DisplayName, &a.Labels, &a.Paused, &syncInterval, &a.Regions,
		&method, &settings, &a.Revision, &a.CreateTime, &a.UpdateTime,
	}
	dest = append(append(append(dest, c.dest()...), &now), more...)
	if err := row.Scan(dest...); err != nil {
		return nil, err
	}
	if syncInterval != nil {
		a.SyncInterval = *syncInterval
	}
	credentials, err := decodeCredentials(method, settings)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.ID, err)
	}
	a.Credentials = credentials
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

// The words of the column credentials_method.
const (
	methodAWSDefault    = "AWS_DEFAULT"
	methodAWSAssumeRole = "AWS_ASSUME_ROLE"
)

// assumeRoleSettings is the column credentials of methodAWSAssumeRole.
type assumeRoleSettings struct {
	RoleARN    string `json:"role_arn"`
	ExternalID string `json:"external_id,omitempty"`
}

// encodeCredentials is the pair of columns that hold the credentials.
func encodeCredentials(c accounts.Credentials) (method string, settings []byte, err error) {
	switch c := c.(type) {
	case accounts.AWSDefault:
		return methodAWSDefault, []byte(`{}`), nil
	case accounts.AWSAssumeRole:
		settings, err = json.Marshal(assumeRoleSettings{RoleARN: c.RoleARN, ExternalID: c.ExternalID})
		return methodAWSAssumeRole, settings, err
	}
	return "", nil, fmt.Errorf("credentials of type %T can't be stored", c)
}

func decodeCredentials(method string, settings []byte) (accounts.Credentials, error) {
	switch method {
	case methodAWSDefault:
		return accounts.AWSDefault{}, nil
	case methodAWSAssumeRole:
		var role assumeRoleSettings
		if err := json.Unmarshal(settings, &role); err != nil {
			return nil, fmt.Errorf("read the settings of an assumed role: %w", err)
		}
		return accounts.AWSAssumeRole{RoleARN: role.RoleARN, ExternalID: role.ExternalID}, nil
	}
	return nil, fmt.Errorf("the credentials method %q is unknown to this program: a newer one wrote it", method)
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
