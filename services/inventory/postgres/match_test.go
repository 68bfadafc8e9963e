package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// askable are all fields of the filters of instances, by their types, with values
// that some instance may have.
var askable = map[string][]string{
	"text": {
		"account", "providerId", "provider_uri", "displayName", "location.region", "location.zone", "provider_state",
		"machineType", "etag", "virtualMachine.image", "virtualMachine.architecture", "virtual_machine.platform",
		"virtualMachine.network", "virtualMachine.subnet", "virtualMachine.hostname", "virtualMachine.autoscalingGroup",
		"database.engine", "database.engineVersion", "database.endpoint", "database.replica_of", "database.cluster",
		"database.network", "labels.team", `labels."é"`,
	},
	"bool":   {"virtualMachine.spot", "database.highAvailability", "database.cluster_writer"},
	"number": {"database.storageGib", "database.port"},
	"time":   {"createTime", "firstSeenTime", "change_time", "goneTime", "virtualMachine.startTime"},
	"list":   {"privateIps", "public_ips", "labels"},
	"name":   {"name"},
}

var askedTexts = []string{"", "web", "Web-É", "é", "x%_", "aws-1", "postgres", "ami-1", "eu-west-1", "10.0.0.1", `a"b`, "running"}

// variedInstance draws an instance of few values.
func variedInstance(r *rapid.T, n int) inventory.Instance {
	text := rapid.SampledFrom(askedTexts)
	moment := rapid.SampledFrom([]time.Time{{}, at(0), at(1).Add(time.Microsecond)})
	i := inventory.Instance{
		ProviderID: fmt.Sprint("i-", n), ProviderURI: text.Draw(r, "uri"), DisplayName: text.Draw(r, "name"),
		Region: text.Draw(r, "region"), Zone: text.Draw(r, "zone"), ProviderState: text.Draw(r, "word"), MachineType: text.Draw(r, "type"),
		State:      rapid.SampledFrom([]inventory.State{inventory.StateRunning, inventory.StateStopped}).Draw(r, "state"),
		PrivateIPs: rapid.SliceOfN(text, 0, 2).Draw(r, "private"), PublicIPs: rapid.SliceOfN(text, 0, 2).Draw(r, "public"),
		Labels:     rapid.MapOfN(rapid.SampledFrom([]string{"team", "é", "x-y"}), text, 0, 3).Draw(r, "labels"),
		CreateTime: moment.Draw(r, "created"),
	}
	switch rapid.IntRange(0, 2).Draw(r, "kind") {
	case 0:
		i.VM = &inventory.VMDetails{
			Image: text.Draw(r, "image"), Architecture: text.Draw(r, "architecture"), Platform: text.Draw(r, "platform"),
			Spot: rapid.Bool().Draw(r, "spot"), Network: text.Draw(r, "network"), Subnet: text.Draw(r, "subnet"),
			Hostname: text.Draw(r, "host"), AutoscalingGroup: text.Draw(r, "group"), StartTime: moment.Draw(r, "started"),
		}
	case 1:
		i.DB = &inventory.DBDetails{
			Engine: text.Draw(r, "engine"), EngineVersion: text.Draw(r, "version"), StorageGiB: rapid.Int64Range(0, 2).Draw(r, "storage"),
			Endpoint: text.Draw(r, "endpoint"), Port: rapid.Int32Range(0, 2).Draw(r, "port"), HighAvailability: rapid.Bool().Draw(r, "ha"),
			ReplicaOf: text.Draw(r, "replica"), Cluster: text.Draw(r, "cluster"), ClusterWriter: rapid.Bool().Draw(r, "writer"),
			Network: text.Draw(r, "network"),
		}
	}
	return i
}

// askedFilter draws one comparison, perhaps negated.
func askedFilter(r *rapid.T, uids []string) string {
	kinds := []string{"text", "text", "bool", "number", "time", "list", "name"}
	kind := rapid.SampledFrom(kinds).Draw(r, "kind")
	path := rapid.SampledFrom(askable[kind]).Draw(r, "path")
	ordered := []string{"=", "!=", "<", "<=", ">", ">="}
	var op, value string
	switch kind {
	case "text":
		op = rapid.SampledFrom(append(ordered, ":")).Draw(r, "op")
		value = rapid.SampledFrom(append([]string{"web*", "*1"}, askedTexts[1:]...)).Draw(r, "value")
	case "bool":
		op, value = rapid.SampledFrom(ordered[:2]).Draw(r, "op"), rapid.SampledFrom([]string{"true", "false"}).Draw(r, "value")
	case "number":
		op, value = rapid.SampledFrom(ordered).Draw(r, "op"), rapid.SampledFrom([]string{"0", "1", "2"}).Draw(r, "value")
	case "time":
		op, value = rapid.SampledFrom(ordered).Draw(r, "op"), at(rapid.Int64Range(0, 3).Draw(r, "at")).Format(time.RFC3339)
	case "list":
		op, value = ":", rapid.SampledFrom(append([]string{"team", "*", "t*"}, askedTexts[1:]...)).Draw(r, "value")
	default:
		op, value = rapid.SampledFrom(ordered[:2]).Draw(r, "op"), rapid.SampledFrom(uids).Draw(r, "value")
	}
	not := rapid.SampledFrom([]string{"", "NOT "}).Draw(r, "not")
	if value == "*" && op != ":" && op != "=" {
		op = ":"
	}
	return not + path + " " + op + ` "` + strings.ReplaceAll(value, `"`, `\"`) + `"`
}

// A filter of instances means the same to the table and to a row in memory.
func TestRowsMatchAsTheTableDoes(t *testing.T) {
	t.Parallel()
	store, pool := open(t)
	rapid.Check(t, func(r *rapid.T) {
		if _, err := pool.Exec(t.Context(), clearSQL+`; TRUNCATE scopes, removed_accounts CASCADE`); err != nil {
			r.Fatal(err)
		}
		var instances []inventory.Instance
		for n := range rapid.IntRange(1, 8).Draw(r, "instances") {
			instances = append(instances, variedInstance(r, n))
		}
		if _, err := tryApply(t.Context(), store, observation("aws-1", "eu-west-1", 1), instances...); err != nil {
			r.Fatal(err)
		}
		if rapid.Bool().Draw(r, "remove") {
			if err := store.RemoveAccount(t.Context(), "aws-1", 2); err != nil {
				r.Fatal(err)
			}
		}
		all, err := store.List(t.Context(), inventory.ListQuery{PageSize: 100, ShowGone: true})
		if err != nil {
			r.Fatal(err)
		}
		var uids []string
		for n := range all.Instances {
			uids = append(uids, all.Instances[n].UID.String())
		}
		for range 10 {
			checkFilter(t.Context(), r, store, askedFilter(r, uids), all.Instances)
		}
	})
}

func checkFilter(ctx context.Context, r *rapid.T, store *postgres.Store, text string, all []inventory.Instance) {
	page, err := store.List(ctx, inventory.ListQuery{Filter: text, PageSize: 100, ShowGone: true})
	if err != nil {
		r.Fatalf("%s: %v", text, err)
	}
	filter, err := postgres.WatchFilter(text)
	if err != nil {
		r.Fatalf("%s: %v", text, err)
	}
	var want, got []string
	for n := range page.Instances {
		want = append(want, page.Instances[n].UID.String())
	}
	for n := range all {
		if filter.Match(postgres.RowOf(&all[n])) {
			got = append(got, all[n].UID.String())
		}
	}
	if !slices.Equal(got, want) {
		r.Fatalf("%s\nin memory %v\nin the table %v", text, got, want)
	}
}
