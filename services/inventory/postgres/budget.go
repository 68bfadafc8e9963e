package postgres

import (
	"encoding/json"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// budget is an element of the column api_budgets. Its names are those of the
// contract's JSON form.
type budget struct {
	API               string    `json:"api"`
	Location          string    `json:"location,omitempty"`
	CallsPerSecond    float64   `json:"callsPerSecond,omitempty"`
	MaxCallsPerSecond float64   `json:"maxCallsPerSecond,omitempty"`
	ThrottleTime      time.Time `json:"throttleTime,omitzero"`
}

// budgetsColumn are budgets as jsonb; nil, which is NULL, when there are none.
func budgetsColumn(budgets []inventory.APIBudget) ([]byte, error) {
	if len(budgets) == 0 {
		return nil, nil
	}
	column := make([]budget, len(budgets))
	for n, b := range budgets {
		b.API, b.Location = inventory.CleanText(b.API), inventory.CleanText(b.Location)
		column[n] = budget(b)
	}
	return json.Marshal(column)
}

func readBudgets(text []byte) ([]inventory.APIBudget, error) {
	var column []budget
	if err := json.Unmarshal(text, &column); err != nil {
		return nil, err
	}
	budgets := make([]inventory.APIBudget, len(column))
	for n, b := range column {
		budgets[n] = inventory.APIBudget(b)
	}
	return budgets, nil
}

// intervalColumn is an interval; nil, which is NULL, when it is not known.
func intervalColumn(d time.Duration) *time.Duration {
	if d <= 0 {
		return nil
	}
	return &d
}
