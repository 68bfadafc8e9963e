package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/changefeed"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
)

// Watcher sends changes of instances to a client. See changefeed.Hub.
type Watcher interface {
	Watch(ctx context.Context, request changefeed.Request, ready func() error, send func(*changefeed.Message) error) error
}

// Inventory serves InventoryService.
type Inventory struct {
	inventoryv1.UnimplementedInventoryServiceServer
	reader  inventory.Reader
	ingest  *ingest.Service
	watcher Watcher
}

// NewInventory returns a server that reads from reader, confirms scopes by ingest and watches by watcher.
func NewInventory(reader inventory.Reader, ingest *ingest.Service, watcher Watcher) *Inventory {
	return &Inventory{reader: reader, ingest: ingest, watcher: watcher}
}

// Register registers the service on a server.
func (s *Inventory) Register(r grpc.ServiceRegistrar) {
	inventoryv1.RegisterInventoryServiceServer(r, s)
}

// Ingest serves IngestService, which only discovery may call.
type Ingest struct {
	inventoryv1.UnimplementedIngestServiceServer
	ingest *ingest.Service
}

// NewIngest returns a server that applies observations by ingest.
func NewIngest(ingest *ingest.Service) *Ingest { return &Ingest{ingest: ingest} }

// Register registers the service on a server.
func (s *Ingest) Register(r grpc.ServiceRegistrar) { inventoryv1.RegisterIngestServiceServer(r, s) }
