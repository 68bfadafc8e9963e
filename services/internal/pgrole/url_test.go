package pgrole_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/pgrole"
)

func TestWithDatabase_KeepsOtherSettings(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://me:pa%40ss@db.example:5433/old?sslmode=disable",
		"postgresql://db.example:5433?user=me&password=pa%40ss&dbname=old&sslmode=disable",
		"host=db.example port=5433 user=me password=pa@ss dbname=old sslmode=disable",
	} {
		got, err := pgrole.WithDatabase(address, `it's "new"`)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		config, err := pgx.ParseConfig(got)
		if err != nil {
			t.Errorf("%s: %v", got, err)
			continue
		}
		if config.Database != `it's "new"` || config.Host != "db.example" || config.Port != 5433 ||
			config.User != "me" || config.Password != "pa@ss" || config.TLSConfig != nil {
			t.Errorf("%s became %s", address, got)
		}
	}
}

func TestWithDatabase_MalformedAddressHidesItsPassword(t *testing.T) {
	t.Parallel()
	_, err := pgrole.WithDatabase("postgres://me:secret@[broken/x", "new")
	if err == nil || err.Error() != "pgrole: the address of the database is malformed" {
		t.Errorf("error is %v", err)
	}
}
