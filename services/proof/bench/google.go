package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"golang.org/x/oauth2/google"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/option"
	sqladmin "google.golang.org/api/sqladmin/v1"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// The measured Google Cloud project: 16 zones of five regions.
const (
	project          = "measured-project"
	projectMachines  = 20_000
	projectDatabases = 500
	projectTotal     = projectMachines + projectDatabases
	projectAccount   = "accounts/gcp-" + project
	// googlePage is how many the bare client asks for at once: as many as Google
	// gives.
	googlePage = 500
)

var projectRegions = []string{"us-central1", "europe-west1", "us-east1", "europe-west4", "asia-southeast1"}

// projectWorld returns the configuration of a simulated cloud with only this project.
func projectWorld() cloudsim.Config {
	return cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{simgcp.Config{Projects: []simgcp.ProjectPlan{{
		ID: project, Regions: projectRegions, Instances: projectMachines / 16, Databases: projectDatabases / len(projectRegions),
	}}}}}
}

// serveGoogle serves the project until ctx ends or the bench has ended.
func serveGoogle(ctx context.Context, addr string) error {
	server, err := simgcp.ServeOn(cloudsim.New(projectWorld()), addr)
	if err != nil {
		return err
	}
	awaitEnd(ctx)
	return server.Close()
}

// keyFile fetches the project's key file from the simulated cloud.
func keyFile(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/keys/"+project, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var key json.RawMessage
	return key, json.NewDecoder(response.Body).Decode(&key)
}

// listGoogle lists the project with the generated clients alone, both kinds at once, and counts it.
// The time that it takes is the limit. fields is the mask of the list of virtual machines; "" for all fields.
func listGoogle(ctx context.Context, url string, key []byte, fields string) (int, error) {
	config, err := google.JWTConfigFromJSON(key, sqladmin.CloudPlatformScope)
	if err != nil {
		return 0, err
	}
	client := config.Client(ctx)
	databases, err := sqladmin.NewService(ctx, option.WithHTTPClient(client), option.WithEndpoint(url+"/"))
	if err != nil {
		return 0, err
	}
	masked := &http.Client{Transport: listParameters{fields: fields, next: client.Transport}}
	machines, err := compute.NewInstancesRESTClient(ctx, option.WithHTTPClient(masked), option.WithEndpoint(url))
	if err != nil {
		return 0, err
	}
	var count atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		request := &computepb.AggregatedListInstancesRequest{Project: project, MaxResults: proto.Uint32(googlePage)}
		for zone, err := range machines.AggregatedList(ctx, request).All() {
			if err != nil {
				return err
			}
			count.Add(int64(len(zone.Value.GetInstances())))
		}
		return nil
	})
	group.Go(func() error {
		return databases.Instances.List(project).MaxResults(googlePage).Pages(ctx, func(page *sqladmin.InstancesListResponse) error {
			count.Add(int64(len(page.Items)))
			return nil
		})
	})
	err = group.Wait()
	return int(count.Load()), err
}

// listParameters adds the parameters of a list that the generated client does not have.
type listParameters struct {
	fields string
	next   http.RoundTripper
}

// RoundTrip sends a request.
func (l listParameters) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	query := request.URL.Query()
	query.Set("returnPartialSuccess", "true")
	if l.fields != "" {
		query.Set("fields", l.fields)
	}
	request.URL.RawQuery = query.Encode()
	return l.next.RoundTrip(request)
}

// timeGoogle measures how long the generated clients alone take.
func timeGoogle(ctx context.Context, url string, key []byte, fields string) (time.Duration, error) {
	begin := time.Now()
	n, err := listGoogle(ctx, url, key, fields)
	switch {
	case err != nil:
		return 0, fmt.Errorf("list with the bare Google client: %w", err)
	case n != projectTotal:
		return 0, fmt.Errorf("the bare Google client listed %d of %d instances", n, projectTotal)
	}
	return time.Since(begin), nil
}

// measureProjects returns the table of a project's syncs.
func measureProjects(ctx context.Context, set settings) (string, error) {
	what := fmt.Sprintf("a project of %d virtual machines and %d databases", projectMachines, projectDatabases)
	rounds, err := measureRounds(set.rounds, what, func() (round, error) { return measureProject(ctx, set.rollcall) })
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "A Google Cloud project of %d virtual machines in 16 zones and %d databases; %d CPUs, %s, median of %d rounds.\n\n",
		projectMachines, projectDatabases, runtime.NumCPU(), runtime.Version(), len(rounds))
	writeSyncs(&b, rounds, "bare Google client", projectTotal, syncPeak)
	writeMasked(&b, rounds)
	return b.String(), nil
}

// writeMasked adds the rows that compare with the bare client and the mask of Rollcall.
func writeMasked(b *strings.Builder, rounds []round) {
	ratio := func(of func(round) time.Duration) float64 {
		return median(rounds, func(r round) float64 { return float64(of(r)) / float64(r.masked) })
	}
	speed := projectTotal / median(rounds, func(r round) float64 { return r.masked.Seconds() })
	fmt.Fprintf(b, "| first sync | %.2f × | the same client asking for the same fields (%.0f instances/s) |\n",
		ratio(func(r round) time.Duration { return r.first }), speed)
	fmt.Fprintf(b, "| unchanged re-sync | %.2f × | the same client asking for the same fields |\n",
		ratio(func(r round) time.Duration { return r.again }))
}

// measureProject starts all processes, lists with the bare client, and syncs twice.
func measureProject(ctx context.Context, rollcall string) (r round, err error) {
	url, stopCloud, err := startSelf(ctx, "-google")
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
	key, err := keyFile(ctx, url)
	if err != nil {
		return r, fmt.Errorf("the project's key: %w", err)
	}
	if r.bare, err = timeGoogle(ctx, url, key, ""); err != nil {
		return r, err
	}
	if r.masked, err = timeGoogle(ctx, url, key, gcp.AllZonesFields); err != nil {
		return r, err
	}
	up, err := startRollcall(ctx, rollcall, dir, db.URL("postgres"),
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE="+url+"/compute/v1/", "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL="+url+"/",
		"ROLLCALL_ALLOWED_TOKEN_HOSTS="+strings.TrimPrefix(url, "http://"))
	if err != nil {
		return r, err
	}
	defer up.stop()
	if err := up.addProject(ctx, key); err != nil {
		return r, err
	}
	if err := r.syncTwice(ctx, up, []string{projectAccount}, projectTotal, db.URL("postgres")); err != nil {
		text, _ := os.ReadFile(up.log)
		return r, fmt.Errorf("%w; rollcall printed:\n%s", err, text)
	}
	r.peak, err = peakMemory(up.cmd)
	return r, err
}

// addProject adds the project, paused, so that it is synced only on request.
func (p *process) addProject(ctx context.Context, key []byte) error {
	_, err := accountsv1.NewAccountServiceClient(p.conn).CreateAccount(ctx, &accountsv1.CreateAccountRequest{
		Account: &accountsv1.Account{Paused: true, Cloud: &accountsv1.Account_Gcp{Gcp: &accountsv1.GcpProject{
			ProjectId:   project,
			Credentials: &accountsv1.GcpProject_ServiceAccountKey{ServiceAccountKey: &accountsv1.GcpServiceAccountKey{Json: string(key)}},
		}}},
	})
	if err != nil {
		return fmt.Errorf("add the project: %w", err)
	}
	return nil
}
