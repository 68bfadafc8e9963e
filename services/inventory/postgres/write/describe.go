package write

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

const describeSQL = `
	SELECT uid, account, provider, kind, provider_id, provider_uri, display_name, region, zone, details
	FROM instances WHERE uid = ANY ($1)`

// Describe returns what a provider needs to be asked for these instances.
func (s *Store) Describe(ctx context.Context, uids []uuid.UUID) ([]inventory.Instance, error) {
	rows, err := s.db.Pool.Query(ctx, describeSQL, postgres.UIDs(uids))
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
