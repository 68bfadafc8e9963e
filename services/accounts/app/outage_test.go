package app_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// TestDatabaseOutage stops Postgres under the running service: every call fails with UNAVAILABLE,
// and succeeds after Postgres is back.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := startOn(t, server.New(t, template).URL)
	health := dial(t, s.config.GRPC)
	account := s.create(t, full())
	s.take(t, syncing(account.GetName(), 3, 5*time.Minute))
	awaitHealth(t, health, healthpb.HealthCheckResponse_SERVING)

	calls := map[string]func() error{
		"create": func() error {
			_, err := s.accounts.CreateAccount(t.Context(), aws("100000000002"))
			return err
		},
		"get": func() error {
			_, err := s.accounts.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: account.GetName()})
			return err
		},
		"list": func() error {
			_, err := s.accounts.ListAccounts(t.Context(), &accountsv1.ListAccountsRequest{})
			return err
		},
		"update": func() error {
			_, err := s.update(t, patch(&accountsv1.Account{DisplayName: "renamed"}), "display_name")
			return err
		},
		"report": func() error {
			_, err := s.connections.UpdateConnectionStatus(t.Context(), finished(account.GetName(), 3, failed(time.Now())))
			return err
		},
		"credentials": func() error {
			_, err := s.connections.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: account.GetName()})
			return err
		},
		"delete": func() error {
			_, err := s.accounts.DeleteAccount(t.Context(), &accountsv1.DeleteAccountRequest{Name: account.GetName()})
			return err
		},
	}

	server.Stop(t)
	for _, again := range []string{"at first", "again"} {
		for name, call := range calls {
			t.Run(name+" "+again, func(t *testing.T) {
				wantRefusal(t, call(), codes.Unavailable, "UNAVAILABLE")
			})
		}
	}
	awaitHealth(t, health, healthpb.HealthCheckResponse_NOT_SERVING)

	server.Start(t)
	awaitHealth(t, health, healthpb.HealthCheckResponse_SERVING)
	seen := s.get(t, account.GetName())
	if seen.GetEtag() != account.GetEtag() || seen.GetConnection().GetStatus() != accountsv1.Connection_SYNCING {
		t.Errorf("after the outage: %v", seen)
	}
	for _, name := range []string{"create", "list", "update", "report", "credentials", "delete"} {
		if err := calls[name](); err != nil {
			t.Errorf("%s after the outage: %v", name, err)
		}
	}
}
