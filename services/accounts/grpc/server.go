package grpc

import (
	"context"

	"google.golang.org/grpc"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts"
)

// Store is what the services need of storage. Its errors are faults.
type Store interface {
	// Create stores a new account and returns it as stored.
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
}

// accountService serves AccountService.
type accountService struct {
	accountsv1.UnimplementedAccountServiceServer
	store Store
}

// RegisterAccounts puts AccountService on a server.
func RegisterAccounts(store Store) func(grpc.ServiceRegistrar) {
	return func(server grpc.ServiceRegistrar) {
		accountsv1.RegisterAccountServiceServer(server, &accountService{store: store})
	}
}

// connectionService serves ConnectionService.
type connectionService struct {
	accountsv1.UnimplementedConnectionServiceServer
	store Store
}

// RegisterConnections puts ConnectionService on a server, which must be one that
// only discovery may call.
func RegisterConnections(store Store) func(grpc.ServiceRegistrar) {
	return func(server grpc.ServiceRegistrar) {
		accountsv1.RegisterConnectionServiceServer(server, &connectionService{store: store})
	}
}
