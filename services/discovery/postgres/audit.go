package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// Audit adds entries.
func (s *Store) Audit(ctx context.Context, entries ...operation.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.inTx(ctx, func(tx pgx.Tx) error { return insertAudit(ctx, tx, entries) })
}

// insertAudit adds entries in tx. Their ids grow with time and in their order.
func insertAudit(ctx context.Context, tx pgx.Tx, entries []operation.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	const insert = `
		INSERT INTO audit_entries (id, event, verb, user_name, user_source, address, user_agent, reason, request_id, operation,
		                           instance, account, provider_id, display_name, filter, outcome, outcome_reason, message, instance_state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`
	batch := &pgx.Batch{}
	for n := range entries {
		e := &entries[n]
		id, err := newID()
		if err != nil {
			return err
		}
		source := e.Source
		if source == "" {
			source = operation.UserUnknown
		}
		batch.Queue(insert, id, e.Event, e.Verb, e.User, source, e.Address, e.UserAgent, e.Reason, e.RequestID, e.Operation,
			e.Instance, e.Account, e.ProviderID, e.DisplayName, e.Filter, e.Outcome, e.OutcomeReason, e.Message, e.InstanceState)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// auditColumns name the text of the id, so that ORDER BY id means the column and its index.
const auditColumns = ` id::text AS id_text, time, event, verb, user_name, user_source, address, user_agent, reason, request_id, operation,
	instance, account, provider_id, display_name, filter, outcome, outcome_reason, message, instance_state`

func scanAudit(row pgx.Row, more ...any) (*operation.AuditEntry, error) {
	var e operation.AuditEntry
	err := row.Scan(append([]any{&e.ID, &e.Time, &e.Event, &e.Verb, &e.User, &e.Source, &e.Address, &e.UserAgent, &e.Reason,
		&e.RequestID, &e.Operation, &e.Instance, &e.Account, &e.ProviderID, &e.DisplayName, &e.Filter, &e.Outcome,
		&e.OutcomeReason, &e.Message, &e.InstanceState}, more...)...)
	return &e, err
}

// auditFields are the fields that a filter may name.
var auditFields = query.New(
	query.Field{Path: "name", Column: "id", Type: query.UUID, Prefix: "auditEntries/", Key: true},
	query.Field{Path: "time", Column: "time", Type: query.Timestamp},
	query.Field{Path: "event", Column: "event", Type: query.Enum(
		"REQUESTED", "REFUSED", "VALIDATED", "CALLED", "ENDED", "CANCEL_REQUESTED", "DELETED", "RELEASED")},
	query.Field{Path: "verb", Column: "verb", Type: query.Enum("START", "STOP")},
	query.Field{Path: "user", Column: "user_name", Type: query.String},
	query.Field{Path: "address", Column: "address", Type: query.String},
	query.Field{Path: "reason", Column: "reason", Type: query.String},
	query.Field{Path: "request_id", Column: "request_id", Type: query.String},
	query.Field{Path: "operation", Column: "operation", Type: query.String, Prefix: operation.Name("")},
	query.Field{Path: "instance", Column: "instance", Type: query.String, Prefix: operation.InstanceName("")},
	query.Field{Path: "account", Column: "account", Type: query.String, Prefix: "accounts/"},
	query.Field{Path: "provider_id", Column: "provider_id", Type: query.String},
	query.Field{Path: "display_name", Column: "display_name", Type: query.String},
	query.Field{Path: "outcome", Column: "outcome", Type: query.String},
	query.Field{Path: "outcome_reason", Column: "outcome_reason", Type: query.String},
)

// AuditEntries returns one page of entries, newest first, and the token of the next one.
func (s *Store) AuditEntries(ctx context.Context, filter, token string, size int) (entries []*operation.AuditEntry, next string, err error) {
	return page(ctx, s, list[*operation.AuditEntry]{
		columns: auditColumns, from: ` audit_entries`, fields: auditFields, scan: scanAudit,
	}, filter, token, size)
}

// exportPage is how many entries are in memory at once during an export.
const exportPage = 1000

// ExportAudit calls send with all entries that the filter matches, oldest first.
func (s *Store) ExportAudit(ctx context.Context, filter string, send func(*operation.AuditEntry) error) error {
	parsed, err := auditFields.ParseFilter(filter)
	if err != nil {
		return err
	}
	after := "00000000-0000-0000-0000-000000000000"
	for {
		var args query.Args
		read := `SELECT` + auditColumns + ` FROM audit_entries WHERE id > ` + args.Add(after) + `::uuid AND ` + parsed.Where(&args) +
			` ORDER BY id LIMIT ` + args.Add(exportPage)
		rows, err := s.pool.Query(ctx, read, args...)
		if err != nil {
			return postgres.Fault(err)
		}
		entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*operation.AuditEntry, error) { return scanAudit(row) })
		if err != nil {
			return postgres.Fault(err)
		}
		for _, entry := range entries {
			if err := send(entry); err != nil {
				return err
			}
			after = entry.ID
		}
		if len(entries) < exportPage {
			return nil
		}
	}
}
