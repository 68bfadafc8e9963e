package grpc

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// Store stores accounts. Its errors are faults.
type Store interface {
	// Create stores a new account with its secret and returns it as stored.
	Create(ctx context.Context, account *accounts.Account) (*accounts.Account, error)
	// Get returns the account with this id.
	Get(ctx context.Context, id string) (*accounts.Account, error)
	// List returns one page of the requested accounts.
	List(ctx context.Context, request accounts.ListRequest) (*accounts.Page, error)
	// Update stores what change returns for the stored account. Nobody else can change the account
	// in between.
	Update(ctx context.Context, id string, change func(stored *accounts.Account) (*accounts.Account, error)) (*accounts.Account, error)
	// Delete deletes the account if it has this etag, or any etag for "".
	Delete(ctx context.Context, id, etag string) error
	// Report applies a report on the account's connection and returns the connection after it.
	Report(ctx context.Context, id string, report accounts.Report) (accounts.Connection, error)
	// Fetch returns an account with its secret, if it has one, and the number of fetches of that
	// secret, this one included.
	Fetch(ctx context.Context, id string) (account *accounts.Account, fetches int64, err error)
}

// Vault encrypts and decrypts secrets. Its errors are faults.
type Vault interface {
	// Seal encrypts a secret and binds it to its account.
	Seal(ctx context.Context, to accounts.Binding, secret accounts.Secret) (*accounts.Sealed, error)
	// Open decrypts a secret.
	Open(ctx context.Context, stored accounts.Stored) (accounts.Secret, error)
}

// Backend has the dependencies of the services.
type Backend struct {
	Store Store
	Vault Vault
	// Rotate encrypts every secret again with a new key, and returns their number.
	Rotate func(ctx context.Context) (int64, error)
	// Hosts that key files may name beside Google's own.
	Hosts keyfile.Hosts
	// Logger logs each fetch of a secret, and never the secret.
	Logger *slog.Logger
	// Fetches counts the fetches, beside the count in each account's row.
	Fetches *Fetches
}

// accountService serves AccountService.
type accountService struct {
	accountsv1.UnimplementedAccountServiceServer
	Backend
}

// RegisterAccounts registers AccountService.
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

// RegisterKeys registers KeyService.
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

// RegisterConnections registers ConnectionService on a server that only discovery may call.
func RegisterConnections(backend Backend) func(grpc.ServiceRegistrar) {
	return func(server grpc.ServiceRegistrar) {
		accountsv1.RegisterConnectionServiceServer(server, &connectionService{Backend: backend})
	}
}
