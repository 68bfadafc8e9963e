package up

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	accountsapp "github.com/rollcall-dev/rollcall/services/accounts/app"
	discoveryapp "github.com/rollcall-dev/rollcall/services/discovery/app"
	gatewayapp "github.com/rollcall-dev/rollcall/services/gateway/app"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	inventoryapp "github.com/rollcall-dev/rollcall/services/inventory/app"
)

// services has the endpoints of the services in this process, and the clients of `up` itself.
type services struct {
	key                                      auth.Key
	metrics                                  *prometheus.Registry // shared by all services
	accounts, inventory, discovery           serve.Endpoint
	accountsForDiscovery, inventoryDiscovery serve.Endpoint

	accountStore    accountStore
	inventoryClient inventoryv1.InventoryServiceClient
	discoveryClient discoveryv1.DiscoveryServiceClient
}

func newServices() services {
	return services{
		key: auth.NewKey(), metrics: prometheus.NewRegistry(),
		accounts: serve.Pipe(), inventory: serve.Pipe(), discovery: serve.Pipe(),
		accountsForDiscovery: serve.Pipe(), inventoryDiscovery: serve.Pipe(),
	}
}

// startStores starts accounts and inventory, which call no other service.
func (r *run) startStores(ctx context.Context, urls map[string]string) error {
	r.services = newServices()
	s := &r.services
	accounts, err := accountsapp.New(ctx, accountsapp.Config{
		DatabaseURL: urls["accounts"], GRPC: s.accounts, Internal: s.accountsForDiscovery, DiscoveryKey: s.key, Logging: r.cfg.Logging,
		KeysetFile: r.cfg.KeysetFile, KMSKeyURIs: r.cfg.KMSKeyURIs, AllowedTokenHosts: r.cfg.AllowedTokenHosts,
		Metrics: serve.Metrics{Registry: s.metrics},
	})
	if err != nil {
		return err
	}
	r.life.Start(ctx, "accounts", accounts.Run)
	inventory, err := inventoryapp.New(ctx, inventoryapp.Config{
		DatabaseURL: urls["inventory"], GRPC: s.inventory, Internal: s.inventoryDiscovery, DiscoveryKey: s.key, Logging: r.cfg.Logging,
		Metrics: serve.Metrics{Registry: s.metrics}, ChangeRetention: r.cfg.ChangeRetention,
	})
	if err != nil {
		return err
	}
	r.life.Start(ctx, "inventory", inventory.Run)
	return r.connect()
}

// connect creates the clients of `up` itself.
func (r *run) connect() error {
	s := &r.services
	for _, target := range []struct {
		endpoint serve.Endpoint
		use      func(grpc.ClientConnInterface)
	}{
		{s.accounts, func(c grpc.ClientConnInterface) { s.accountStore.client = accountsv1.NewAccountServiceClient(c) }},
		{s.inventory, func(c grpc.ClientConnInterface) { s.inventoryClient = inventoryv1.NewInventoryServiceClient(c) }},
		{s.discovery, func(c grpc.ClientConnInterface) { s.discoveryClient = discoveryv1.NewDiscoveryServiceClient(c) }},
	} {
		conn, err := target.endpoint.Dial()
		if err != nil {
			return fmt.Errorf("connect the services: %w", err)
		}
		r.life.DeferError("a client", conn.Close)
		target.use(conn)
	}
	return nil
}

// startDiscovery starts discovery, which begins to sync accounts, and the gateway.
func (r *run) startDiscovery(ctx context.Context, urls map[string]string) error {
	s := &r.services
	discovery, err := discoveryapp.New(ctx, discoveryapp.Config{
		DatabaseURL: urls["discovery"], GRPC: s.discovery, DiscoveryKey: s.key, Logging: r.cfg.Logging,
		Accounts: s.accountsForDiscovery, Inventory: s.inventoryDiscovery, SyncInterval: r.cfg.SyncInterval, BudgetShare: r.cfg.BudgetShare, ProtectLabel: r.cfg.ProtectLabel,
		AWS: r.source.aws,
		GCP: r.source.gcp, AllowedTokenHosts: r.source.tokenHosts, Metrics: serve.Metrics{Registry: s.metrics},
	})
	if err != nil {
		return err
	}
	r.life.Start(ctx, "discovery", discovery.Run)
	gateway, err := gatewayapp.New(ctx, gatewayapp.Config{
		HTTP: r.cfg.HTTP, GRPC: r.cfg.GRPC, Logging: r.cfg.Logging,
		Accounts: s.accounts, Inventory: s.inventory, Discovery: s.discovery,
		Registry: s.metrics,
	})
	if err != nil {
		return err
	}
	r.life.Start(ctx, "the gateway", gateway.Run)
	return nil
}
