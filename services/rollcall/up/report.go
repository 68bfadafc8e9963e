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
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// announce tells where everything is.
func (r *run) announce() {
	log := r.log
	if log == "" {
		log = "stderr"
	}
	http := "http://" + reachedAt(r.cfg.HTTP, r.services.httpAddr)
	database := "Postgres in " + r.cfg.DataDir
	if r.cfg.DatabaseURL != "" {
		database = "your own Postgres (ROLLCALL_DATABASE_URL)"
	}
	screen := r.tell.screen
	var b strings.Builder
	b.WriteString("\n" + screen.Bold("Rollcall is up.") + "\n")
	for _, f := range []struct{ name, value string }{
		{"console", http + "/"},
		{"REST", http + "/v1/instances, documented at " + http + "/docs"},
		{"gRPC", reachedAt(r.cfg.GRPC, r.services.grpcAddr)},
		{"data", database},
		{"log", log},
		{"cloud", r.cloud.what},
	} {
		fmt.Fprintf(&b, "  %s %s\n", screen.Dim(fmt.Sprintf("%-8s", f.name)), f.value)
	}
	r.tell.line(b.String())
}

// reachedAt is how this machine reaches an endpoint that listens at addr: all addresses are reached at localhost.
func reachedAt(configured serve.Endpoint, addr net.Addr) string {
	host, _, _ := net.SplitHostPort(configured.String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(addr.String())
	return net.JoinHostPort(host, port)
}

// firstSync reads the accounts that `up` answers for, tells what came of it, and what to try next.
func (r *run) firstSync(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	accounts := r.cloud.accounts
	began := time.Now()
	if len(accounts) > 0 {
		r.tell.step("Reading %s …", count(len(accounts), "account"))
	}
	problems := make([]string, len(accounts))
	var all sync.WaitGroup
	for i, a := range accounts {
		all.Go(func() { problems[i] = r.readOnce(ctx, a, began) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return
	}
	for _, p := range problems {
		if p != "" {
			r.tell.warn("%s", p)
		}
	}
	r.summarize(ctx, time.Since(began))
}

// lookEvery is how often an account that is being read for the first time is looked at.
const lookEvery = 250 * time.Millisecond

// readOnce waits until an account was read in this life of `up`, and returns what went wrong, or "".
func (r *run) readOnce(ctx context.Context, a *accountsv1.Account, began time.Time) string {
	if a.GetConnection().GetLastSyncTime() != nil { // from an earlier life: it may be due only later
		_, err := r.services.discoveryClient.SyncAccount(ctx, &discoveryv1.SyncAccountRequest{Name: a.GetName()})
		if err != nil {
			r.logger.Warn("a sync could not be asked for; the schedule brings it", "account", a.GetName(), "error", err)
		}
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		now, err := r.services.roll.accounts.GetAccount(ctx, &accountsv1.GetAccountRequest{Name: a.GetName()})
		if status.Code(err) == codes.NotFound {
			return "" // taken off the roll meanwhile
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

// problem is what is wrong with an account's connection, and what to do about it; "" when all is well.
func problem(a *accountsv1.Account) string {
	name, c := cmp.Or(a.GetDisplayName(), a.GetName()), a.GetConnection()
	switch c.GetStatus() {
	case accountsv1.Connection_FAILED:
		return strings.TrimSpace(fmt.Sprintf("%s could not be read: %s. %s", name, strings.TrimSuffix(c.GetLastError(), "."), c.GetRemedy()))
	case accountsv1.Connection_DEGRADED:
		return strings.TrimSpace(fmt.Sprintf("%s could be read in part: %s. %s", name, strings.TrimSuffix(c.GetLastError(), "."), c.GetRemedy()))
	default:
		return ""
	}
}

// summarize tells how much is on the roll, and what to try next.
func (r *run) summarize(ctx context.Context, took time.Duration) {
	accounts, err := r.services.roll.all(ctx)
	if err != nil {
		r.logger.Warn("the accounts could not be counted for the summary", "error", err)
		return
	}
	instances, err := r.countInstances(ctx, accounts)
	if err != nil {
		r.logger.Warn("the instances could not be counted for the summary", "error", err)
		return
	}
	known := fmt.Sprintf("%s in %s", count(instances, "instance"), count(len(accounts), "account"))
	switch {
	case len(accounts) == 0:
		r.tell.line("The roll is empty. Put an account on it:\n  " +
			r.tell.screen.Bold(r.tell.screen.Program+" accounts create aws 100000000001 --role-arn arn:aws:iam::100000000001:role/rollcall"))
	case len(r.cloud.accounts) > 0:
		r.tell.done("%s, read in %s.", known, took.Round(100*time.Millisecond))
	default:
		r.tell.done("%s on the roll.", known)
	}
	r.tell.line(r.tryNext())
}

// countInstances counts the instances of the accounts on the roll. Those of an account that has just left it may still be
// there.
func (r *run) countInstances(ctx context.Context, accounts []*accountsv1.Account) (int, error) {
	answer, err := r.services.inventoryClient.AggregateInstances(ctx, &inventoryv1.AggregateInstancesRequest{GroupBy: []string{"account"}})
	if err != nil {
		return 0, err
	}
	on := map[string]bool{}
	for _, a := range accounts {
		on[a.GetName()] = true
	}
	total := 0
	for _, g := range answer.GetGroups() {
		if len(g.GetValues()) == 1 && on[g.GetValues()[0]] {
			total += int(g.GetCount())
		}
	}
	return total, nil
}

// tryNext are commands to try, with the addresses of this start.
func (r *run) tryNext() string {
	http := reachedAt(r.cfg.HTTP, r.services.httpAddr)
	grpc := reachedAt(r.cfg.GRPC, r.services.grpcAddr)
	rollcall := r.tell.screen.Program
	if grpc != "localhost:9090" {
		rollcall = "ROLLCALL_GRPC_ADDR=" + grpc + " " + rollcall
	}
	return "\nTry next:\n" +
		"  open http://" + http + "/\n" +
		"  " + rollcall + " instances list --filter 'state = RUNNING' --limit 10\n" +
		"  " + rollcall + " instances count location.region kind\n" +
		"  curl -s 'http://" + http + "/v1/instances?pageSize=3' | jq\n" +
		"  grpcurl -plaintext " + grpc + " list\n" +
		"Ctrl-C stops Rollcall; the data stay.\n"
}

// count is a number and its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
