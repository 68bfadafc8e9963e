package gateway_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

func TestGRPC_ForwardsCallsAndErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	name := s.account("100000000001", "data-platform")
	s.observed(name, "eu-west-1", fleet("eu-west-1", "web", 0, 1000)...)
	page, err := s.inventory.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{PageSize: 1000})
	if err != nil || len(page.GetInstances()) != 1000 {
		t.Errorf("listed %d, %v", len(page.GetInstances()), err)
	}

	_, err = s.inventory.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: "state ="})
	st := status.Convert(err)
	var column string
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			column = info.GetMetadata()["column"]
		}
	}
	if st.Code() != codes.InvalidArgument || column == "" {
		t.Errorf("invalid filter: %v with details %v", st, st.Details())
	}
	_, err = s.accounts.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: "Accounts/x"})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("invalid name: %v", err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := s.accounts.ListAccounts(ctx, &accountsv1.ListAccountsRequest{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("expired deadline: %v", err)
	}
}

func TestGRPC_ForwardsStreams(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.aws.Accounts()[0]
	name := s.account(id, "sim")
	run, err := s.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := s.discovery.WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: run.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	var last *discoveryv1.SyncRun
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		last = response.GetSyncRun()
	}
	if last.GetState() != discoveryv1.SyncRun_SUCCEEDED || last.GetInstancesSeen() != 18 {
		t.Errorf("the last message is %v", last)
	}

	missing, err := s.discovery.WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: "syncRuns/none"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := missing.Recv(); status.Code(err) != codes.NotFound || len(status.Convert(err).Details()) == 0 {
		t.Errorf("unknown run: %v", err)
	}
}
