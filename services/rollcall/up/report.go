package up

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// announce prints the addresses of everything.
func (r *run) announce() {
	log := r.log
	if log == "" {
		log = "stderr"
	}
	http := "http://" + r.httpAddr
	database := "Postgres in " + r.cfg.DataDir
	if r.cfg.DatabaseURL != "" {
		database = "your database (ROLLCALL_DATABASE_URL)"
	}
	screen := r.out.screen
	var b strings.Builder
	b.WriteString("\n" + screen.Bold("Rollcall is up.") + "\n")
	for _, f := range []struct{ name, value string }{
		{"console", http + "/"},
		{"REST", http + "/v1/instances, documented at " + http + "/docs"},
		{"gRPC", r.grpcAddr},
		{"data", database},
		{"log", log},
		{"source", r.source.description},
	} {
		fmt.Fprintf(&b, "  %s %s\n", screen.Dim(fmt.Sprintf("%-8s", f.name)), f.value)
	}
	r.out.line(b.String())
}

// reachedAt returns the host and port with which this machine reaches an endpoint. An endpoint on
// all addresses is reached at localhost.
func reachedAt(configured serve.Endpoint, addr net.Addr) string {
	host, _, _ := net.SplitHostPort(configured.String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(addr.String())
	return net.JoinHostPort(host, port)
}

// firstSync waits for the first sync of the accounts that `up` added, and prints the result and
// what to try next.
func (r *run) firstSync(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	accounts := r.source.accounts
	began := time.Now()
	if len(accounts) > 0 {
		r.out.step("Reading %s …", humanize.Count(len(accounts), "account"))
	}
	problems := make([]string, len(accounts))
	var all sync.WaitGroup
	for i, a := range accounts {
		all.Go(func() { problems[i] = r.awaitSync(ctx, a, began) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return
	}
	for _, p := range problems {
		if p != "" {
			r.out.warn("%s", p)
		}
	}
	r.summarize(ctx, time.Since(began))
}

// pollInterval is the interval at which awaitSync reads an account.
const pollInterval = 250 * time.Millisecond

// awaitSync waits until an account was synced after the start, and returns its problem, or "".
func (r *run) awaitSync(ctx context.Context, a *accountsv1.Account, began time.Time) string {
	if a.GetConnection().GetLastSyncTime() != nil { // from an earlier start; the next sync may be due later
		_, err := r.services.discoveryClient.SyncAccount(ctx, &discoveryv1.SyncAccountRequest{Name: a.GetName()})
		if err != nil {
			r.logger.Warn("sync request failed, waiting for the schedule", "account", a.GetName(), "error", err)
		}
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		now, err := r.services.accountStore.client.GetAccount(ctx, &accountsv1.GetAccountRequest{Name: a.GetName()})
		if status.Code(err) == codes.NotFound {
			return "" // deleted in the meantime
		}
		if err == nil && now.GetConnection().GetLastSyncTime().AsTime().After(began) && now.GetConnection().GetStatus() != accountsv1.Connection_SYNCING {
			return problem(now)
		}
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}

// problem returns the error of an account's connection with its remedy, or "" if there is none.
func problem(a *accountsv1.Account) string {
	name, c := cmp.Or(a.GetDisplayName(), a.GetName()), a.GetConnection()
	switch c.GetStatus() {
	case accountsv1.Connection_FAILED:
		return strings.TrimSpace(fmt.Sprintf("%s could not be read: %s. %s", name, strings.TrimSuffix(c.GetLastError(), "."), c.GetRemedy()))
	case accountsv1.Connection_DEGRADED:
		return strings.TrimSpace(fmt.Sprintf("%s could only be read in part: %s. %s", name, strings.TrimSuffix(c.GetLastError(), "."), c.GetRemedy()))
	default:
		return ""
	}
}

// summarize prints the size of the inventory and what to try next.
func (r *run) summarize(ctx context.Context, took time.Duration) {
	accounts, err := r.services.accountStore.all(ctx)
	if err != nil {
		r.logger.Warn("summary: counting accounts failed", "error", err)
		return
	}
	instances, err := r.countInstances(ctx, accounts)
	if err != nil {
		r.logger.Warn("summary: counting instances failed", "error", err)
		return
	}
	known := fmt.Sprintf("%s in %s", humanize.Count(instances, "instance"), humanize.Count(len(accounts), "account"))
	switch {
	case len(accounts) == 0:
		r.out.line("There are no accounts yet. Add one:\n  " +
			r.out.screen.Bold(r.out.screen.Program+" accounts create aws 100000000001 --role-arn arn:aws:iam::100000000001:role/rollcall"))
	case len(r.source.accounts) > 0:
		r.out.done("%s, read in %s.", known, took.Round(100*time.Millisecond))
	default:
		r.out.done("%s.", known)
	}
	r.out.line(r.tryNext())
}

// countInstances returns the number of instances of the accounts. The inventory may also have
// instances of accounts that were just deleted.
func (r *run) countInstances(ctx context.Context, accounts []*accountsv1.Account) (int, error) {
	answer, err := r.services.inventoryClient.AggregateInstances(ctx, &inventoryv1.AggregateInstancesRequest{GroupBy: []string{"account"}})
	if err != nil {
		return 0, err
	}
	exists := map[string]bool{}
	for _, a := range accounts {
		exists[a.GetName()] = true
	}
	total := 0
	for _, g := range answer.GetGroups() {
		if len(g.GetValues()) == 1 && exists[g.GetValues()[0]] {
			total += int(g.GetCount())
		}
	}
	return total, nil
}

// tryNext returns commands to try, with the current addresses.
func (r *run) tryNext() string {
	http, grpc := r.httpAddr, r.grpcAddr
	rollcall := r.out.screen.Program
	if grpc != "localhost:9090" {
		rollcall = "ROLLCALL_GRPC_ADDR=" + grpc + " " + rollcall
	}
	return "\nTry next:\n" +
		"  open http://" + http + "/\n" +
		"  " + rollcall + " instances list --filter 'state = RUNNING' --limit 10\n" +
		"  " + rollcall + " instances count location.region kind\n" +
		"  curl -s 'http://" + http + "/v1/instances?pageSize=3' | jq\n" +
		"  grpcurl -plaintext " + grpc + " list\n" +
		"Ctrl-C stops Rollcall; the data stays.\n"
}
