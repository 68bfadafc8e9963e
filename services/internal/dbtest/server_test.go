package dbtest_test

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

func TestServer_StopStartKill(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	pool := server.New(t, things).Pool(t)
	answers := func() error {
		_, err := pool.Exec(t.Context(), `SELECT FROM things`)
		return err
	}
	if err := answers(); err != nil {
		t.Fatalf("at first: %v", err)
	}

	server.Stop(t)
	if answers() == nil {
		t.Error("a stopped server answers")
	}
	server.Start(t)
	pool.Reset()
	if err := answers(); err != nil {
		t.Errorf("after a start: %v", err)
	}

	server.Kill(t)
	server.AwaitReady(t)
	pool.Reset()
	if err := answers(); err != nil {
		t.Errorf("after a kill: %v", err)
	}
	server.Stop(t) // the cleanup works with a stopped server
}
