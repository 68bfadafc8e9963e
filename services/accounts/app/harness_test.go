package app_test

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	accountspg "github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// template is a database with the schema of the service.
var template = dbtest.Template{
	Service: "accounts",
	Version: dbtest.HashFS(migrations.Accounts()),
	Migrate: func(ctx context.Context, url string) error {
		return postgres.Migrate(ctx, url, migrations.Accounts(), accountspg.Schema)
	},
}

// service is a running accounts service with its clients.
type service struct {
	config app.Config
	// accounts as everyone reaches it.
	accounts accountsv1.AccountServiceClient
	keys     accountsv1.KeyServiceClient
	// connections as discovery reaches it.
	connections accountsv1.ConnectionServiceClient
}

// start runs the service with a database of its own until the test ends.
func start(t *testing.T) *service {
	t.Helper()
	return startOn(t, dbtest.New(t, template).URL)
}

func startOn(t *testing.T, databaseURL string) *service {
	t.Helper()
	return startWith(t, databaseURL, func(*app.Config) {})
}

// startWith runs the service with a keyset of its own. The function change may change its
// configuration.
func startWith(t *testing.T, databaseURL string, change func(*app.Config)) *service {
	t.Helper()
	s := &service{config: app.Config{
		DatabaseURL:  databaseURL,
		GRPC:         serve.Pipe(),
		Internal:     serve.Pipe(),
		DiscoveryKey: auth.NewKey(),
		KeysetFile:   filepath.Join(t.TempDir(), "keyset.json"),
		Logging:      serve.Logging{Out: io.Discard},
	}}
	change(&s.config)
	a, err := app.New(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the service ended with %v", err)
		}
	})
	public := dial(t, s.config.GRPC)
	s.accounts = accountsv1.NewAccountServiceClient(public)
	s.keys = accountsv1.NewKeyServiceClient(public)
	s.connections = accountsv1.NewConnectionServiceClient(
		dial(t, s.config.Internal, grpc.WithPerRPCCredentials(auth.PerRPC(s.config.DiscoveryKey, "discovery"))))
	return s
}

func dial(t *testing.T, at serve.Endpoint, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := at.Dial(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// aws returns the smallest request to create an AWS account.
func aws(accountID string) *accountsv1.CreateAccountRequest {
	return &accountsv1.CreateAccountRequest{Account: &accountsv1.Account{
		Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{AccountId: accountID}},
	}}
}

// create creates an account and fails the test on an error.
func (s *service) create(t *testing.T, req *accountsv1.CreateAccountRequest) *accountsv1.Account {
	t.Helper()
	account, err := s.accounts.CreateAccount(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

// get reads an account and fails the test on an error.
func (s *service) get(t *testing.T, name string) *accountsv1.Account {
	t.Helper()
	account, err := s.accounts.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return account
}

// update sends an update with these paths as the mask.
func (s *service) update(t *testing.T, account *accountsv1.Account, paths ...string) (*accountsv1.Account, error) {
	t.Helper()
	return s.accounts.UpdateAccount(t.Context(), &accountsv1.UpdateAccountRequest{
		Account: account, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
	})
}

// refused has the details of an error.
type refused struct {
	message  string
	metadata map[string]string
	fields   []string
}

// wantRefusal checks the code and the reason of err, and returns its details.
func wantRefusal(t *testing.T, err error, code codes.Code, reason string) refused {
	t.Helper()
	s := status.Convert(err)
	r := refused{message: s.Message()}
	var gotReason string
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			gotReason, r.metadata = d.GetReason(), d.GetMetadata()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				r.fields = append(r.fields, v.GetField())
			}
		}
	}
	if s.Code() != code || gotReason != reason {
		t.Fatalf("got %s %s (%s), want %s %s", s.Code(), gotReason, s.Message(), code, reason)
	}
	return r
}

// wantInvalid checks that err is about one field.
func wantInvalid(t *testing.T, err error, field string) refused {
	t.Helper()
	r := wantRefusal(t, err, codes.InvalidArgument, "INVALID_FIELD")
	if !slices.Contains(r.fields, field) {
		t.Fatalf("the violations are of %q, want %q: %s", r.fields, field, r.message)
	}
	return r
}
