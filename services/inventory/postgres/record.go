package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// ReadRecord reads a record from the columns of a row, which begin with those of RecordColumns.
func ReadRecord(r *inventory.Record, raw [][]byte) {
	r.UID = uuid.UUID(raw[0])
	r.Account, r.Provider, r.Kind = raw[1], raw[2], raw[3]
	r.ProviderID, r.ProviderURI, r.DisplayName = raw[4], raw[5], raw[6]
	r.Region, r.Zone = raw[7], raw[8]
	r.State, r.ProviderState, r.MachineType = raw[9], raw[10], raw[11]
	r.PrivateIPs, r.PublicIPs = ReadTexts(r.PrivateIPs[:0], raw[12]), ReadTexts(r.PublicIPs[:0], raw[13])
	r.Labels, r.Details = raw[14], raw[15]
	r.CreateTime, r.FirstSeenTime, r.ChangeTime = ReadTime(raw[16]), ReadTime(raw[17]), ReadTime(raw[18])
	r.ObserveTime, r.GoneTime = ReadTime(raw[19]), ReadTime(raw[20])
	r.Hash = inventory.Hash(raw[21])
}

// CollectInstances reads rows of RecordColumns, and closes them.
func CollectInstances(rows pgx.Rows, err error) ([]inventory.Instance, error) {
	if err != nil {
		return nil, err
	}
	var all []inventory.Instance
	var record inventory.Record
	err = EachRow(rows, func(raw [][]byte) error {
		ReadRecord(&record, raw)
		instance, err := record.Instance()
		all = append(all, instance)
		return err
	})
	return all, err
}

// CollectInstance reads the one row that begins with RecordColumns, and closes the rows. It calls more
// with the columns after these. Errors: pgx.ErrNoRows.
func CollectInstance(rows pgx.Rows, err error, more func(raw [][]byte)) (instance inventory.Instance, _ error) {
	if err != nil {
		return instance, err
	}
	found := false
	err = EachRow(rows, func(raw [][]byte) (err error) {
		var record inventory.Record
		ReadRecord(&record, raw)
		more(raw[RecordColumnCount:])
		found = true
		instance, err = record.Instance()
		return err
	})
	if err == nil && !found {
		err = pgx.ErrNoRows
	}
	return instance, err
}

var getInstanceSQL = `SELECT ` + InstanceColumns + ` FROM instances WHERE uid = $1`

// GetInstance reads an instance by its UID. Errors: pgx.ErrNoRows.
func GetInstance(ctx context.Context, tx pgx.Tx, uid uuid.UUID) (inventory.Instance, error) {
	rows, err := tx.Query(ctx, getInstanceSQL, uid)
	return CollectInstance(rows, err, func([][]byte) {})
}
