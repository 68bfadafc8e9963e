package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// observeTimeSQL is when an instance was last looked at: alone, or with its
// scope.
const observeTimeSQL = `GREATEST(observe_time, (SELECT s.last_complete_time FROM scopes s WHERE s.uid = instances.scope))`

// instanceColumns are what a Record is read from, of the table instances.
var instanceColumns = imageColumns("instances", observeTimeSQL)

// imageColumns are the same of a row with this name.
func imageColumns(name, observeTime string) string {
	return name + `.uid, ` + name + `.account, ` + name + `.provider, ` + name + `.kind, ` + name + `.provider_id, ` +
		name + `.provider_uri, ` + name + `.display_name, ` + name + `.region, ` + name + `.zone, ` +
		name + `.state, ` + name + `.provider_state, ` + name + `.machine_type, ` + name + `.private_ips, ` +
		name + `.public_ips, ` + name + `.labels, ` + name + `.details, ` + name + `.create_time, ` +
		name + `.first_seen_time, ` + name + `.change_time, ` + observeTime + `, ` + name + `.gone_time, ` + name + `.content_hash`
}

const instanceColumnCount = 22

// Record is an instance as Postgres sent it. Its texts stand in the row that is
// being read: they are good until the next one is. A list goes to its reader by way
// of these, without a copy of each text in between.
type Record struct {
	UID                                                          uuid.UUID
	Account, Provider, Kind                                      []byte
	ProviderID, ProviderURI, DisplayName                         []byte
	Region, Zone                                                 []byte
	State, ProviderState, MachineType                            []byte
	PrivateIPs, PublicIPs                                        [][]byte
	Labels, Details                                              []byte // objects of JSON; see the type details
	CreateTime, FirstSeenTime, ChangeTime, ObserveTime, GoneTime time.Time
	Hash                                                         inventory.Hash
}

// read takes the columns of a row, which begin with instanceColumns.
func (r *Record) read(raw [][]byte) {
	r.UID = uuid.UUID(raw[0])
	r.Account, r.Provider, r.Kind = raw[1], raw[2], raw[3]
	r.ProviderID, r.ProviderURI, r.DisplayName = raw[4], raw[5], raw[6]
	r.Region, r.Zone = raw[7], raw[8]
	r.State, r.ProviderState, r.MachineType = raw[9], raw[10], raw[11]
	r.PrivateIPs, r.PublicIPs = readTexts(r.PrivateIPs[:0], raw[12]), readTexts(r.PublicIPs[:0], raw[13])
	r.Labels, r.Details = raw[14], raw[15]
	r.CreateTime, r.FirstSeenTime, r.ChangeTime = readTime(raw[16]), readTime(raw[17]), readTime(raw[18])
	r.ObserveTime, r.GoneTime = readTime(raw[19]), readTime(raw[20])
	r.Hash = inventory.Hash(raw[21])
}

// size is about how many bytes it takes in an answer.
func (r *Record) size() int {
	const fixed = 256 // times, names and what stands between
	texts := len(r.Labels) + len(r.Details) + len(r.ProviderID) + len(r.ProviderURI) + len(r.DisplayName)
	for _, list := range [][][]byte{r.PrivateIPs, r.PublicIPs} {
		for _, text := range list {
			texts += len(text) + 2
		}
	}
	return fixed + texts
}

// Instance is a copy of the record that stays.
func (r *Record) Instance() (inventory.Instance, error) {
	i := inventory.Instance{
		UID: r.UID, Account: string(r.Account), Provider: inventory.Provider(r.Provider), Kind: inventory.Kind(r.Kind),
		ProviderID: string(r.ProviderID), ProviderURI: string(r.ProviderURI), DisplayName: string(r.DisplayName),
		Region: string(r.Region), Zone: string(r.Zone), State: inventory.State(r.State),
		ProviderState: string(r.ProviderState), MachineType: string(r.MachineType),
		PrivateIPs: copied(r.PrivateIPs), PublicIPs: copied(r.PublicIPs),
		CreateTime: r.CreateTime, FirstSeenTime: r.FirstSeenTime, ChangeTime: r.ChangeTime,
		ObserveTime: r.ObserveTime, GoneTime: r.GoneTime, Hash: r.Hash,
	}
	if err := json.Unmarshal(r.Labels, &i.Labels); err != nil {
		return i, fmt.Errorf("read the labels of instance %s: %w", i.UID, err)
	}
	return i, inventory.ReadDetails(r.Details, &i)
}

func copied(texts [][]byte) []string {
	list := make([]string, len(texts))
	for n, text := range texts {
		list[n] = string(text)
	}
	return list
}

// collect reads rows of instanceColumns, and closes them.
func collect(rows pgx.Rows, err error) ([]inventory.Instance, error) {
	if err != nil {
		return nil, err
	}
	var all []inventory.Instance
	var record Record
	err = eachRow(rows, func(raw [][]byte) error {
		record.read(raw)
		instance, err := record.Instance()
		all = append(all, instance)
		return err
	})
	return all, err
}

// collectOne reads the one row that begins with instanceColumns; what stands behind
// them goes to more, unless that is nil. Errors: pgx.ErrNoRows.
func collectOne(rows pgx.Rows, err error, more func(raw [][]byte)) (instance inventory.Instance, _ error) {
	if err != nil {
		return instance, err
	}
	found := false
	err = eachRow(rows, func(raw [][]byte) (err error) {
		var record Record
		record.read(raw)
		if more != nil {
			more(raw[instanceColumnCount:])
		}
		found = true
		instance, err = record.Instance()
		return err
	})
	if err == nil && !found {
		err = pgx.ErrNoRows
	}
	return instance, err
}
