package app_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// startLogged starts the service on a database that logs by itself.
func startLogged(t testing.TB) *service {
	t.Helper()
	return startOn(t, dbtest.New(t, dbtest.Template{
		Service: "inventory", Version: migrated.Version + triggerSQL,
		Migrate: func(ctx context.Context, url string) error {
			if err := migrated.Migrate(ctx, url); err != nil {
				return err
			}
			conn, err := pgx.Connect(ctx, url)
			if err != nil {
				return err
			}
			defer conn.Close(ctx)
			_, err = conn.Exec(ctx, triggerSQL)
			return err
		},
	}))
}

// Until the writers log: a trigger that does.
const triggerSQL = `
CREATE OR REPLACE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE r bigint; m timestamptz; w jsonb; b jsonb; k text;
BEGIN
	IF TG_OP = 'INSERT' THEN k := 'CREATED';
	ELSE
		SELECT jsonb_object_agg(x.key, x.value), jsonb_object_agg(y.key, y.value) INTO w, b
		FROM jsonb_each(to_jsonb(OLD) - 'fence' - 'observe_time') x JOIN jsonb_each(to_jsonb(NEW)) y USING (key) WHERE x.value <> y.value;
		IF w IS NULL THEN RETURN NULL; END IF;
		k := CASE WHEN NEW.gone_time IS NOT NULL AND OLD.gone_time IS NULL THEN 'GONE' WHEN NEW.gone_time IS NULL AND OLD.gone_time IS NOT NULL THEN 'REAPPEARED' ELSE 'CHANGED' END;
	END IF;
	UPDATE change_head SET revision = revision + 1, time = GREATEST(time, clock_timestamp()) RETURNING revision, time INTO r, m;
	INSERT INTO changes VALUES (r, m, NEW.uid, k, NEW.change_time, w, b);
	RETURN NULL;
END $$;
CREATE TRIGGER log_it AFTER INSERT OR UPDATE ON instances FOR EACH ROW EXECUTE FUNCTION log_it();`
