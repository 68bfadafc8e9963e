package grpc

import (
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory/watch"
)

// Inventory serves InventoryService.
type Inventory struct {
	inventoryv1.UnimplementedInventoryServiceServer
	store *postgres.Store
	hub   *watch.Hub
}

// NewInventory serves what store holds, and what hub tells of it.
func NewInventory(store *postgres.Store, hub *watch.Hub) *Inventory {
	return &Inventory{store: store, hub: hub}
}

// Register puts the service on a server.
func (s *Inventory) Register(r grpc.ServiceRegistrar) {
	inventoryv1.RegisterInventoryServiceServer(r, s)
}

// Ingest serves IngestService, for discovery alone.
type Ingest struct {
	inventoryv1.UnimplementedIngestServiceServer
	store *postgres.Store
}

// NewIngest writes what it is told to store.
func NewIngest(store *postgres.Store) *Ingest { return &Ingest{store: store} }

// Register puts the service on a server.
func (s *Ingest) Register(r grpc.ServiceRegistrar) { inventoryv1.RegisterIngestServiceServer(r, s) }
