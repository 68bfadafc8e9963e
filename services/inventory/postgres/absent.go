package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// End has the token that was taken after the cloud's last answer (see
// inventory.Observation); 0: none was. It may come again.
func (s *Snapshot) End(token int64) { s.obs.End = max(s.obs.End, token) }

// Absent ends the listing: the scope was observed to the end, in count
// instances, and left these budgets. It returns what the roll holds of it and the listing lacks; of
// each Hear should be told before Complete. Errors: INVALID_ARGUMENT with
// inventory.ReasonIncomplete when count is not what Observe was given.
func (s *Snapshot) Absent(count int64, budgets ...inventory.APIBudget) ([]uuid.UUID, error) {
	if got := s.reconciliation.Observed(); got != count {
		return nil, fault.New(fault.KindInvalidArgument, inventory.ReasonIncomplete,
			"%s: %d instances were announced and %d arrived; nothing was applied", s.obs.Scope, count, got)
	}
	s.budgets = budgets
	absent := slices.Collect(s.reconciliation.Absent())
	if s.loading.err != nil {
		return nil, s.loading.err
	}
	return absent, nil
}

const describeSQL = `
	SELECT uid, account, provider, kind, provider_id, provider_uri, display_name, region, zone, details
	FROM instances WHERE uid = ANY ($1)`

// Describe reads what is needed to ask a cloud for instances.
func (s *Store) Describe(ctx context.Context, uids []uuid.UUID) ([]inventory.Instance, error) {
	rows, err := s.pool.Query(ctx, describeSQL, plain(uids))
	if err != nil {
		return nil, kit.Fault(err)
	}
	described, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i inventory.Instance, err error) {
		var details []byte
		err = row.Scan(&i.UID, &i.Account, &i.Provider, &i.Kind, &i.ProviderID, &i.ProviderURI, &i.DisplayName,
			&i.Region, &i.Zone, &details)
		if err != nil {
			return i, err
		}
		return i, inventory.ReadDetails(details, &i)
	})
	return described, kit.Fault(err)
}

// Hear takes what the cloud said of an instance that is absent. One that it
// found is taken as seen. Of what is not absent a word changes nothing.
func (s *Snapshot) Hear(f inventory.Finding) error {
	uid := inventory.InstanceUID(s.obs.Scope.Account, s.obs.Scope.Kind, inventory.CleanText(f.ProviderID))
	if !s.reconciliation.IsAbsent(uid) {
		return nil
	}
	s.reconciliation.Hear(uid, f.Evidence)
	if s.untold.Reason == "" && f.Evidence == inventory.CantTell {
		s.untold = f.Failure
		s.untold.Clean()
	}
	if f.Evidence != inventory.Found {
		return nil
	}
	if f.Instance == nil || f.Instance.ProviderID != f.ProviderID {
		return fault.Invalid("verdict.findings", "%s: one that was found comes with its instance", f.ProviderID)
	}
	s.obs.Adopt(f.Instance, &inventory.Hasher{})
	return s.take(f.Instance, s.reconciliation.Find)
}
