package postgres

import (
	"encoding/json"
	"fmt"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// credentialsRow has the columns of credentials. None of them holds a secret.
type credentialsRow struct {
	method string
	// settings is the column credentials: the settings by their names, and the tags under the name
	// that the method's descriptor gives.
	settings []byte
	// source is the column source_account_id.
	source *string
}

func encodeCredentials(account *accounts.Account) (credentialsRow, error) {
	c := account.Credentials
	row := credentialsRow{method: c.Method}
	members := make(map[string]any, len(c.Settings)+1)
	for name, value := range c.Settings {
		members[name] = value
	}
	if len(c.Tags) > 0 {
		members[account.Method().Tags] = c.Tags
	}
	if c.Source != "" {
		row.source = &c.Source
	}
	var err error
	row.settings, err = json.Marshal(members)
	return row, err
}

// decode sets the credentials of an account whose provider is set.
func (r credentialsRow) decode(account *accounts.Account) error {
	method, ok := account.Cloud().Method(r.method)
	if !ok {
		return fmt.Errorf("the credentials method %q is unknown to this program: a newer one wrote it", r.method)
	}
	c := accounts.Credentials{Method: r.method}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(r.settings, &members); err != nil {
		return fmt.Errorf("read the settings of %s: %w", r.method, err)
	}
	for name, member := range members {
		if name == method.Tags {
			if err := json.Unmarshal(member, &c.Tags); err != nil {
				return fmt.Errorf("read the settings of %s: %s: %w", r.method, name, err)
			}
			continue
		}
		var text string
		if err := json.Unmarshal(member, &text); err != nil {
			return fmt.Errorf("read the settings of %s: %s: %w", r.method, name, err)
		}
		c.Set(name, text)
	}
	if r.source != nil {
		c.Source = *r.source
	}
	account.Credentials = c
	return nil
}

// sourceConstraint makes the source of an account an existing account.
const sourceConstraint = "accounts_source_account_id_fkey"

// sourceFault returns the fault of writing an account whose source does not exist, or of any other
// error of the database.
func sourceFault(account *accounts.Account, err error) error {
	if source := account.Credentials.Source; source != "" && postgres.Constraint(err) == sourceConstraint {
		return accounts.NoSource(account, source)
	}
	return postgres.Fault(err)
}
