package pgrole

import (
	"fmt"
	"net/url"
	"strings"
)

// setting is a connection parameter with its name in libpq.
type setting struct{ name, value string }

// WithDatabase returns the address of another database on the same server with the same
// role. It accepts both forms of an address: postgres://… and key=value pairs.
func WithDatabase(address, database string) (string, error) {
	return withSettings(address, setting{"dbname", database})
}

// withSettings returns the address with some parameters replaced.
func withSettings(address string, settings ...setting) (string, error) {
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
		for _, s := range settings { // the last setting with a name applies
			address += fmt.Sprintf(" %s='%s'", s.name, escape.Replace(s.value))
		}
		return strings.TrimPrefix(address, " "), nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("pgrole: the address of the database is malformed") // the cause contains the password
	}
	query := u.Query()
	for _, s := range settings {
		query.Del(s.name)
		switch s.name {
		case "dbname":
			query.Del("database")
			u.Path = "/" + s.value
		case "user":
			password, _ := u.User.Password()
			u.User = url.UserPassword(s.value, password)
		case "password":
			u.User = url.UserPassword(u.User.Username(), s.value)
		default:
			query.Set(s.name, s.value)
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
