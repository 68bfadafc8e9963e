package gcp

import (
	"slices"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

func TestZoneIn(t *testing.T) {
	for path, want := range map[string]string{
		"zones/europe-west1-b":            "europe-west1-b",
		"projects/p/zones/europe-west1-b": "europe-west1-b",
		"https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/instances/i": "europe-west1-b",
		"regions/europe-west1": "",
		"global":               "",
		"":                     "",
		"zones":                "",
		"timezones/x":          "",
	} {
		if got := zoneIn(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestRegions(t *testing.T) {
	if got := regionOf("europe-west1-b"); got != "europe-west1" {
		t.Errorf("the region is %s", got)
	}
	if got := regionOf("zone"); got != "zone" {
		t.Errorf("without a hyphen the region is %s", got)
	}
	if got := regionsOf([]string{"us-east1-c", "europe-west1-b", "us-east1-b"}); !slices.Equal(got, []string{"europe-west1", "us-east1"}) {
		t.Errorf("the regions are %v", got)
	}
}

func TestParseTime(t *testing.T) {
	if got := parseTime("2026-01-02T03:04:05.678-07:00"); got != time.Date(2026, 1, 2, 10, 4, 5, 678e6, time.UTC) {
		t.Errorf("got %v", got)
	}
	if !parseTime("").IsZero() || !parseTime("yesterday").IsZero() {
		t.Error("a text that is not a timestamp is not the zero time")
	}
}

func TestAddUnique(t *testing.T) {
	got := addUnique(addUnique(addUnique(addUnique(nil, "10.0.0.1"), ""), "10.0.0.2"), "10.0.0.1")
	if !slices.Equal(got, []string{"10.0.0.1", "10.0.0.2"}) {
		t.Errorf("got %v", got)
	}
}

func TestEngineOf(t *testing.T) {
	for _, tt := range []struct{ version, installed, engine, number string }{
		{"POSTGRES_16", "POSTGRES_16_4", "postgres", "16.4"},
		{"POSTGRES_16", "", "postgres", "16"},
		{"MYSQL_8_0", "MYSQL_8_0_36", "mysql", "8.0.36"},
		{"MYSQL_8_0", "POSTGRES_16_4", "mysql", "8.0"},
		{"SQLSERVER_2022_STANDARD", "SQLSERVER_2022_CU1", "sqlserver", "2022_STANDARD"},
		{"", "", "", ""},
	} {
		if engine, number := engineOf(tt.version, tt.installed); engine != tt.engine || number != tt.number {
			t.Errorf("%s, installed %s: got %s %s", tt.version, tt.installed, engine, number)
		}
	}
}

func TestDatabaseName(t *testing.T) {
	for id, want := range map[string]string{
		"p:europe-west1:orders@2026-01-02T03:04:05Z": "orders",
		"example.com:p:europe-west1:orders":          "orders",
		"":                                           "the display name",
	} {
		if got := databaseName(provider.Wanted{ProviderID: id, DisplayName: "the display name"}); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}
