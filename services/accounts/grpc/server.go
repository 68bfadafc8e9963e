package grpc

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// Store is what the services need of storage. Its errors are faults.
type Store interface {
	// Create stores a new account with its secret and returns it as stored.
	Create(ctx context.Context, account *accounts.Account) (*accounts.Account, error)
	// Get is the account with this id.
	Get(ctx context.Context, id string) (*accounts.Account, error)
	// List is one page of the accounts that a request asks for.
	List(ctx context.Context, request accounts.ListRequest) (*accounts.Page, error)
	// Update stores what change makes of the account; nobody else can change it
	// meanwhile.
	Update(ctx context.Context, id string, change func(held *accounts.Account) (*accounts.Account, error)) (*accounts.Account, error)
	// Delete takes the account off the roll if it has this etag, or any for "".
	Delete(ctx context.Context, id, etag string) error
	// Report takes a report on the account's connection and returns how it is
	// seen then.
	Report(ctx context.Context, id string, report accounts.Report) (accounts.Connection, error)
	// Fetch is an account with its secret, if it has one, and how often that was
	// fetched, this time included.
	Fetch(ctx context.Context, id string) (account *accounts.Account, fetches int64, err error)
}

// Vault encrypts and decrypts secrets. Its errors are faults.
type Vault interface {
	// Seal encrypts a secret, bound to its account.
	Seal(ctx context.Context, to accounts.Binding, secret accounts.Secret) (*accounts.Sealed, error)
	// Open decrypts a secret.
	Open(ctx context.Context, kept accounts.Kept) (accounts.Secret, error)
}

// Backend is what the services stand on.
type Backend struct {
	Store Store
	Vault Vault
	// Rotate encrypts every secret anew with a new key, and returns how many.
	Rotate func(ctx context.Context) (int64, error)
	// Hosts that key files may name beside Google's own.
	Hosts keyfile.Hosts
	// Logger is told of every secret that is fetched, and never the secret.
	Logger *slog.Logger
	// Fetches counts them, beside the count that each account's row keeps.
	Fetches *Fetches
}

// accountService serves AccountService.
type accountService struct {
	accountsv1.UnimplementedAccountServiceServer
	Backend
}

// RegisterAccounts puts AccountService on a server.
func RegisterAccounts(backend Backend) func(grpc.ServiceRegistrar) {
	return func(server grpc.ServiceRegistrar) {
		accountsv1.RegisterAccountServiceServer(server, &accountService{Backend: backend})
	}
}

// keyService serves KeyService.
type keyService struct {
	accountsv1.UnimplementedKeyServiceServer
	Backend
}

// RegisterKeys puts KeyService on a server.
func RegisterKeys(backend Backend) func(grpc.ServiceRegistrar) {
	return func(server grpc.ServiceRegistrar) {
		accountsv1.RegisterKeyServiceServer(server, &keyService{Backend: backend})
	}
}

// connectionService serves ConnectionService.
type connectionService struct {
	accountsv1.UnimplementedConnectionServiceServer
	Backend
}

// RegisterConnections puts ConnectionService on a server, which must be one that
// only discovery may call.
func RegisterConnections(backend Backend) func(grpc.ServiceRegistrar) {
	return func(server grpc.ServiceRegistrar) {
		accountsv1.RegisterConnectionServiceServer(server, &connectionService{Backend: backend})
	}
}
