package write

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// budgetsColumn returns API budgets as jsonb; nil, which is NULL, if there are none.
func budgetsColumn(budgets []inventory.APIBudget) ([]byte, error) {
	if len(budgets) == 0 {
		return nil, nil
	}
	column := slices.Clone(budgets)
	for n := range column {
		b := &column[n]
		b.API, b.Location = inventory.CleanText(b.API), inventory.CleanText(b.Location)
	}
	return json.Marshal(column)
}

// intervalColumn returns an interval; nil, which is NULL, if it is not known.
func intervalColumn(d time.Duration) *time.Duration {
	if d <= 0 {
		return nil
	}
	return &d
}
