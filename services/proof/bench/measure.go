package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// round is the result of one round.
type round struct {
	bare, first, again time.Duration
	masked             time.Duration // the bare Google client with the mask of Rollcall; for projects only
	written            int64         // instance rows written by the unchanged re-sync
	walAgain           int64         // write-ahead log of the unchanged re-sync, bytes
	scopes             int
	peak               int64 // peak memory of Rollcall's process, bytes
}

// bareParallel is the number of concurrent listings of the bare SDK, enough to keep the machine
// busy.
var bareParallel = 4 * runtime.NumCPU()

// measure starts all processes, lists with the bare SDK, and syncs twice.
func measure(ctx context.Context, rollcall string, s size) (round, error) {
	var r round
	url, stopCloud, err := startCloud(ctx, s)
	if err != nil {
		return r, err
	}
	defer stopCloud()
	dir, err := os.MkdirTemp("", "rollcall-bench-")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := pgserver.Start(ctx, pgserver.Config{DataDir: filepath.Join(dir, "postgres")})
	if err != nil {
		return r, err
	}
	defer func() { _ = db.Stop(context.WithoutCancel(ctx)) }()

	begin := time.Now()
	n, err := listBare(ctx, url, s, bareParallel)
	if err != nil {
		return r, fmt.Errorf("list with the bare SDK: %w", err)
	}
	if n != s.total() {
		return r, fmt.Errorf("the bare SDK listed %d of %d instances", n, s.total())
	}
	r.bare = time.Since(begin)

	key := simaws.In(cloudsim.New(cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{simaws.Config{}}})).Key("100000000001")
	up, err := startRollcall(ctx, rollcall, dir, db.URL("postgres"),
		"AWS_ENDPOINT_URL="+url, "AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+key.Secret)
	if err != nil {
		return r, err
	}
	defer up.stop()
	if err := r.syncs(ctx, up, s, db.URL("postgres")); err != nil {
		text, _ := os.ReadFile(up.log)
		return r, fmt.Errorf("%w; rollcall printed:\n%s", err, text)
	}
	r.peak, err = peakMemory(up.cmd)
	return r, err
}

// syncs adds the accounts and syncs them twice.
func (r *round) syncs(ctx context.Context, up *process, s size, url string) (err error) {
	if err := up.addAccounts(ctx, s); err != nil {
		return err
	}
	return r.syncTwice(ctx, up, s.names(), s.total(), url)
}

// syncTwice syncs accounts, and again without any change.
func (r *round) syncTwice(ctx context.Context, up *process, names []string, total int, url string) (err error) {
	if r.first, r.scopes, err = up.sync(ctx, names, total); err != nil {
		return fmt.Errorf("first sync: %w", err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := remember(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `VACUUM ANALYZE`); err != nil { // autovacuum would do it during the measurement, and write a log of its own
		return err
	}
	before, err := writtenLog(ctx, conn)
	if err != nil {
		return err
	}
	if r.again, _, err = up.sync(ctx, names, total); err != nil {
		return fmt.Errorf("unchanged sync: %w", err)
	}
	after, err := writtenLog(ctx, conn)
	if err != nil {
		return err
	}
	r.walAgain = after - before
	r.written, err = rewritten(ctx, conn)
	return err
}

// remember stores the position of each instance row and the transaction that wrote it.
func remember(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `CREATE TEMPORARY TABLE remembered AS SELECT uid, ctid AS place, xmin AS writer FROM inventory.instances`)
	return err
}

// rewritten returns the number of rows that were written since, whatever their content.
func rewritten(ctx context.Context, conn *pgx.Conn) (rows int64, err error) {
	err = conn.QueryRow(ctx, `
		SELECT count(*) FROM inventory.instances i FULL JOIN remembered r USING (uid)
		 WHERE (i.ctid, i.xmin) IS DISTINCT FROM (r.place, r.writer)`).Scan(&rows)
	return rows, err
}

// writtenLog returns the number of bytes written to the write-ahead log so far.
func writtenLog(ctx context.Context, conn *pgx.Conn) (bytes int64, err error) {
	err = conn.QueryRow(ctx, `SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint`).Scan(&bytes)
	return bytes, err
}

// process is a running `rollcall up`.
type process struct {
	cmd  *exec.Cmd
	conn *grpc.ClientConn
	log  string
}

// startRollcall starts `rollcall up`, with environment variables that point it at its cloud.
func startRollcall(ctx context.Context, rollcall, dir, databaseURL string, cloud ...string) (*process, error) {
	grpcAddr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	httpAddr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{log: filepath.Join(dir, "rollcall.log")}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	p.cmd = exec.CommandContext(ctx, rollcall, "up")
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(append(os.Environ(), cloud...),
		"ROLLCALL_DATA_DIR="+filepath.Join(dir, "data"), "ROLLCALL_DATABASE_URL="+databaseURL,
		"ROLLCALL_GRPC_ADDR="+grpcAddr, "ROLLCALL_HTTP_ADDR="+httpAddr, "ROLLCALL_DEMO=off", "ROLLCALL_SYNC_INTERVAL=24h")
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if p.conn, err = grpc.NewClient(grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		p.stop()
		return nil, err
	}
	if err := eventually(ctx, time.Minute, func() error {
		_, err := accountsv1.NewAccountServiceClient(p.conn).ListAccounts(ctx, &accountsv1.ListAccountsRequest{})
		return err
	}); err != nil {
		text, _ := os.ReadFile(p.log)
		p.stop()
		return nil, fmt.Errorf("rollcall did not start: %w\n%s", err, text)
	}
	return p, nil
}

func (p *process) stop() {
	if p.conn != nil {
		_ = p.conn.Close()
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// addAccounts adds the accounts, paused, so that they are synced only on request.
func (p *process) addAccounts(ctx context.Context, s size) error {
	for _, id := range simaws.In(cloudsim.New(cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{simaws.Config{Accounts: s.accounts}}})).Accounts() {
		_, err := accountsv1.NewAccountServiceClient(p.conn).CreateAccount(ctx, &accountsv1.CreateAccountRequest{
			Account: &accountsv1.Account{Paused: true, Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{
				AccountId: id,
				Credentials: &accountsv1.AwsAccount_AssumeRole{AssumeRole: &accountsv1.AwsAssumeRole{
					RoleArn: simaws.RoleARN(id, "rollcall"),
				}},
			}}},
		})
		if err != nil {
			return fmt.Errorf("add account %s: %w", id, err)
		}
	}
	return nil
}

// names returns the names of the accounts in the API.
func (s size) names() (names []string) {
	for _, id := range simaws.In(cloudsim.New(cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{simaws.Config{Accounts: s.accounts}}})).Accounts() {
		names = append(names, "accounts/aws-"+id)
	}
	return names
}

// sync syncs accounts concurrently. It returns the time from the first call to the end of the last
// run, and the number of scopes that were read.
func (p *process) sync(ctx context.Context, accounts []string, total int) (time.Duration, int, error) {
	client := discoveryv1.NewDiscoveryServiceClient(p.conn)
	begin := time.Now()
	var names []string
	for _, account := range accounts {
		run, err := client.SyncAccount(ctx, &discoveryv1.SyncAccountRequest{Name: account})
		if err != nil {
			return 0, 0, err
		}
		names = append(names, run.GetName())
	}
	end, scopes, seen := begin, 0, int64(0)
	for _, name := range names {
		run, err := follow(ctx, client, name)
		if err != nil {
			return 0, 0, err
		}
		if run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
			return 0, 0, fmt.Errorf("%s of %s ended %v: %s", name, run.GetAccount(), run.GetState(), run.GetError())
		}
		if t := run.GetEndTime().AsTime(); t.After(end) {
			end = t
		}
		scopes += int(run.GetScopesTotal())
		seen += run.GetInstancesSeen()
	}
	if seen != int64(total) {
		return 0, 0, fmt.Errorf("saw %d of %d instances", seen, total)
	}
	return end.Sub(begin), scopes, nil
}

// follow watches a run until its end.
func follow(ctx context.Context, client discoveryv1.DiscoveryServiceClient, name string) (*discoveryv1.SyncRun, error) {
	stream, err := client.WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: name})
	if err != nil {
		return nil, err
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w", name, err)
		}
		if run := m.GetSyncRun(); run.GetEndTime() != nil {
			return run, nil
		}
	}
}

// peakMemory returns the peak resident memory of a running program in bytes.
func peakMemory(program *exec.Cmd) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", program.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10, nil
		}
	}
	return 0, errors.New("the operating system does not report the peak memory of a process")
}
