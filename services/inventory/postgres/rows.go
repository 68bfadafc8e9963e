package postgres

import (
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// observeTimeSQL is when an instance was last looked at: alone, or with its
// scope. It is not a join, so that it is asked for the rows of a page only.
const observeTimeSQL = `GREATEST(observe_time, (SELECT s.last_complete_time FROM scopes s WHERE s.uid = instances.scope))`

// instanceColumns are what rowScanner reads, of the table instances.
const instanceColumns = `uid, account, provider, kind, provider_id, provider_uri, display_name, region, zone,
	state, provider_state, machine_type, private_ips, public_ips, labels, details, create_time,
	first_seen_time, change_time, ` + observeTimeSQL + `, gone_time, content_hash`

// rowScanner reads rows of instanceColumns.
type rowScanner struct {
	i                     inventory.Instance
	labels, details, hash []byte
	create, observe, gone pgtype.Timestamptz
	firstSeen, change     pgtype.Timestamptz
	privateIPs, publicIPs []string
	targets               []any
}

func newRowScanner(more ...any) *rowScanner {
	s := &rowScanner{}
	i := &s.i
	s.targets = append([]any{&i.UID, &i.Account, &i.Provider, &i.Kind, &i.ProviderID, &i.ProviderURI, &i.DisplayName,
		&i.Region, &i.Zone, &i.State, &i.ProviderState, &i.MachineType, &s.privateIPs, &s.publicIPs,
		&s.labels, &s.details, &s.create, &s.firstSeen, &s.change, &s.observe, &s.gone, &s.hash}, more...)
	return s
}

// size is about how many bytes the row scanned last takes in an answer.
func (s *rowScanner) size() int {
	const fixed = 256 // times, names and what stands between
	texts := len(s.labels) + len(s.details) + len(s.i.ProviderID) + len(s.i.ProviderURI) + len(s.i.DisplayName)
	for _, list := range [][]string{s.privateIPs, s.publicIPs} {
		for _, text := range list {
			texts += len(text) + 2
		}
	}
	return fixed + texts
}

// scan reads the current row.
func (s *rowScanner) scan(row pgx.Row) (inventory.Instance, error) {
	s.reset()
	if err := row.Scan(s.targets...); err != nil {
		return inventory.Instance{}, err
	}
	return s.instance()
}

// reset makes ready for the next row: the instance before has the old lists.
func (s *rowScanner) reset() { s.privateIPs, s.publicIPs = nil, nil }

// instance is what was scanned.
func (s *rowScanner) instance() (inventory.Instance, error) {
	i := s.i
	i.PrivateIPs, i.PublicIPs = s.privateIPs, s.publicIPs
	i.CreateTime, i.FirstSeenTime, i.ChangeTime = s.create.Time, s.firstSeen.Time, s.change.Time
	i.ObserveTime, i.GoneTime = s.observe.Time, s.gone.Time
	i.Hash = inventory.Hash(s.hash)
	if err := json.Unmarshal(s.labels, &i.Labels); err != nil {
		return i, fmt.Errorf("read the labels of instance %s: %w", i.UID, err)
	}
	return i, readDetails(s.details, &i)
}
