package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// demoAccounts is the number of accounts of the demo company: five AWS accounts and two projects.
const demoAccounts = 7

func TestUp_FirstStartShowsDemo(t *testing.T) {
	t.Parallel()
	r := up(t, t.TempDir(), nil)
	output := r.output.String()
	for _, text := range []string{
		"Rollcall is up.", "a simulated demo company with 7 accounts", "the environment has no credentials of a cloud",
		r.dataDir, " instances in 7 accounts, read in ", "rollcall instances list", "grpcurl -plaintext " + r.grpc, "curl -s 'http://" + r.http,
	} {
		if !strings.Contains(output, text) {
			t.Errorf("the output lacks %q:\n%s", text, output)
		}
	}
	if strings.Contains(output, "\x1b[") {
		t.Errorf("the output has colours without a terminal:\n%q", output)
	}
	for _, a := range connected(t, r.http, demoAccounts) {
		if a.Labels["rollcall-demo"] != "true" {
			t.Errorf("%s lacks the label of the demo: %v", a.Name, a.Labels)
		}
	}
	all := mustInstances(t, r.http, "")
	if len(all) < 100 {
		t.Errorf("%d instances", len(all))
	}
	for path, want := range map[string]int{
		"/": http.StatusOK, "/healthz": http.StatusOK, "/readyz": http.StatusOK, "/openapi.json": http.StatusOK, "/docs": http.StatusOK,
		"/v1/instances?filter=nonsense%3D1": http.StatusBadRequest, "/v1/accounts/aws-1": http.StatusNotFound,
	} {
		if code, err := get(t.Context(), r.http, path, nil); err != nil || code != want {
			t.Errorf("GET %s: %d, %v; want %d", path, code, err, want)
		}
	}
	checkGRPC(t, r.grpc)
	r.stop(t)
}

// checkGRPC makes the calls of grpcurl, a health check and a list.
func checkGRPC(t *testing.T, addr string) {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{ListServices: "*"}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	for _, want := range []string{
		"rollcall.accounts.v1.AccountService", "rollcall.accounts.v1.KeyService", "rollcall.inventory.v1.InventoryService", "rollcall.discovery.v1.DiscoveryService",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("reflection lists %v, which lacks %s", names, want)
		}
	}
	for _, hidden := range []string{"rollcall.accounts.v1.ConnectionService", "rollcall.inventory.v1.IngestService"} {
		if slices.Contains(names, hidden) {
			t.Errorf("the internal service %s is public", hidden)
		}
	}
	health, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health, err)
	}
	list, err := inventoryv1.NewInventoryServiceClient(conn).ListInstances(ctx, &inventoryv1.ListInstancesRequest{})
	if err != nil || len(list.GetInstances()) != 50 || list.GetFreshness().GetOldestObserveTime() == nil {
		t.Errorf("ListInstances: %d instances, %v", len(list.GetInstances()), err)
	}
}

func TestUp_DataSurvivesKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	world := newWorld(t)
	r := up(t, dir, world.env())
	connected(t, r.http, 1)
	before := firstSeen(t, r.http)
	postgres := r.postmaster(t)
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.wait(t)
	await(t, "postgres ends with its parent", func() error {
		if alive(postgres) {
			return fmt.Errorf("postgres (pid %d) is alive", postgres)
		}
		return nil
	})

	again := up(t, dir, world.env())
	connected(t, again.http, 1)
	if after := firstSeen(t, again.http); !maps.Equal(before, after) {
		t.Errorf("the instances and when they were first seen are\n%v\nand were before the kill\n%v", after, before)
	}
	again.stop(t)
}

// firstSeen returns the first seen time of all instances by name. Only the database has it.
func firstSeen(t *testing.T, addr string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, i := range mustInstances(t, addr, "") {
		seen[i.Name] = i.FirstSeenTime
	}
	if len(seen) == 0 {
		t.Fatal("no instances")
	}
	return seen
}

func TestUp_DemoIsSameAfterRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := up(t, dir, nil)
	names := accountNames(connected(t, first.http, demoAccounts))
	first.stop(t)

	second := launch(t, dir, nil)
	second.http = match(t, consoleLine, second.awaitOutput(t, "Rollcall is up."))
	for ended := false; !ended; {
		ended = strings.Contains(second.output.String(), "Ctrl-C stops Rollcall")
		now, err := accounts(t.Context(), second.http)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range now {
			if a.Connection.Status == "FAILED" || a.Connection.Status == "DEGRADED" {
				t.Fatalf("%s is %+v", a.Name, a.Connection)
			}
		}
	}
	if again := accountNames(connected(t, second.http, demoAccounts)); !slices.Equal(names, again) {
		t.Errorf("the accounts are %v and were %v", again, names)
	}
	second.stop(t)
}

func accountNames(accounts []account) (names []string) {
	for _, a := range accounts {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return names
}
