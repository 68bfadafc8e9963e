package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// TestConnectionService_DiscoveryOnly calls the service with other identities.
func TestConnectionService_DiscoveryOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, full()).GetName()
	as := func(key auth.Key, caller string) []grpc.DialOption {
		return []grpc.DialOption{grpc.WithPerRPCCredentials(auth.PerRPC(key, caller))}
	}
	for name, c := range map[string]struct {
		options []grpc.DialOption
		code    codes.Code
		reason  string
	}{
		"nobody":                    {nil, codes.Unauthenticated, "CALLER_UNKNOWN"},
		"the gateway, with the key": {as(s.config.DiscoveryKey, "gateway"), codes.PermissionDenied, "CALLER_REFUSED"},
		"discovery, another key":    {as(auth.NewKey(), "discovery"), codes.PermissionDenied, "CALLER_REFUSED"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, s.config.Internal, c.options...)
			connections := accountsv1.NewConnectionServiceClient(conn)
			_, err := connections.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: account})
			wantRefusal(t, err, c.code, c.reason)
			_, err = connections.UpdateConnectionStatus(t.Context(), syncing(account, 1, time.Minute))
			wantRefusal(t, err, c.code, c.reason)
			// Nor does the internal endpoint give anything else away.
			_, err = accountsv1.NewAccountServiceClient(conn).GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: account})
			wantRefusal(t, err, c.code, c.reason)
		})
	}
	if seen := s.get(t, account).GetConnection().GetStatus(); seen != accountsv1.Connection_UNKNOWN {
		t.Errorf("a stranger's report was taken: %v", seen)
	}
}

// TestGetCredentials_Metric reads the count of the secrets that discovery fetched.
func TestGetCredentials_Metric(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := startWith(t, dbtest.New(t, template).URL, func(config *app.Config) { config.Metrics.Registry = registry })
	withoutSecret := s.create(t, aws("100000000001")).GetName()
	withSecret := s.create(t, withKey("100000000002", "AKIAIOSFODNN7EXAMPLE", secretKey)).GetName()
	for range 3 {
		s.signIn(t, withSecret)
	}
	s.signIn(t, withoutSecret)
	s.get(t, withSecret)
	if _, err := s.update(t, &accountsv1.Account{Name: withSecret, DisplayName: "renamed"}, "display_name"); err != nil {
		t.Fatal(err)
	}
	err := testutil.GatherAndCompare(registry, strings.NewReader(`
		# HELP rollcall_accounts_secret_fetches_total Secrets of accounts that discovery fetched, by the provider of the account and by the outcome of the decryption: OPENED or FAILED.
		# TYPE rollcall_accounts_secret_fetches_total counter
		rollcall_accounts_secret_fetches_total{outcome="OPENED",provider="AWS"} 3
	`), "rollcall_accounts_secret_fetches_total")
	if err != nil {
		t.Error(err)
	}
}

// TestConnectionService_NotPublic calls the service on the public endpoint with discovery's
// identity: the service does not exist there.
func TestConnectionService_NotPublic(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, full()).GetName()
	public := accountsv1.NewConnectionServiceClient(
		dial(t, s.config.GRPC, grpc.WithPerRPCCredentials(auth.PerRPC(s.config.DiscoveryKey, "discovery"))))
	_, err := public.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: account})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("GetCredentials: %v", err)
	}
	_, err = public.UpdateConnectionStatus(t.Context(), syncing(account, 1, time.Minute))
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("UpdateConnectionStatus: %v", err)
	}
}

func TestAccountService_OnInternalEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, full())
	conn := dial(t, s.config.Internal, grpc.WithPerRPCCredentials(auth.PerRPC(s.config.DiscoveryKey, "discovery")))
	inside, err := accountsv1.NewAccountServiceClient(conn).GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: account.GetName()})
	if err != nil || !proto.Equal(inside, account) {
		t.Errorf("read %v, %v", inside, err)
	}
}

func TestGetCredentials(t *testing.T) {
	t.Parallel()
	s := start(t)
	role := &accountsv1.AwsCredentials{AccountId: "100000000001", Method: &accountsv1.AwsCredentials_AssumeRole{
		AssumeRole: &accountsv1.AwsAssumeRole{RoleArn: roleARN, ExternalId: "outside-world"},
	}}
	chain := &accountsv1.AwsCredentials{AccountId: "100000000002", Method: &accountsv1.AwsCredentials_DefaultCredentials{
		DefaultCredentials: &accountsv1.AwsDefaultCredentials{},
	}}
	for req, want := range map[*accountsv1.CreateAccountRequest]*accountsv1.AwsCredentials{full(): role, aws("100000000002"): chain} {
		resp, err := s.connections.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: s.create(t, req).GetName()})
		if err != nil || !proto.Equal(resp.GetAws(), want) {
			t.Errorf("got %v, %v; want %v", resp, err, want)
		}
	}
}

func TestHealth_WithoutAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, conn := range []*grpc.ClientConn{dial(t, s.config.GRPC), dial(t, s.config.Internal)} {
		awaitHealth(t, conn, healthpb.HealthCheckResponse_SERVING)
	}
}

// awaitHealth watches the health of a server until it has the wanted status.
func awaitHealth(t *testing.T, conn *grpc.ClientConn, want healthpb.HealthCheckResponse_ServingStatus) {
	t.Helper()
	watch, err := healthpb.NewHealthClient(conn).Watch(t.Context(), &healthpb.HealthCheckRequest{Service: "rollcall.accounts.v1.AccountService"})
	if err != nil {
		t.Fatal(err)
	}
	for {
		health, err := watch.Recv()
		if err != nil {
			t.Fatalf("the health never became %v: %v", want, err)
		}
		if health.GetStatus() == want {
			return
		}
	}
}
