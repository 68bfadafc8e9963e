package gcp

import (
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Region is one region of Google Cloud's public catalogue.
type Region struct {
	Name string
	// Zones are the letters of its zones, in order.
	Zones string
	// CPUs are the platforms of its machines.
	CPUs []string
}

// ZoneNames returns the names of the region's zones, such as europe-west1-b.
func (r Region) ZoneNames() []string {
	names := make([]string, 0, len(r.Zones))
	for _, letter := range r.Zones {
		names = append(names, r.Name+"-"+string(letter))
	}
	return names
}

// Catalogue lists the regions that exist, in the order in which DefaultRegions returns them. Unlike
// AWS's, all are open to every project. Source: the Compute Engine page "Regions and zones".
var Catalogue = []Region{
	{Name: "us-central1", Zones: "abcf"}, {Name: "europe-west1", Zones: "bcd"}, {Name: "us-east1", Zones: "bcd"},
	{Name: "europe-west4", Zones: "abc"}, {Name: "asia-southeast1", Zones: "abc"}, {Name: "us-west1", Zones: "abc"},
	{Name: "europe-west3", Zones: "abc"}, {Name: "asia-northeast1", Zones: "abc"}, {Name: "us-east4", Zones: "abc"},
	{Name: "europe-west2", Zones: "abc"}, {Name: "europe-north1", Zones: "abc"}, {Name: "australia-southeast1", Zones: "abc"},
	{Name: "southamerica-east1", Zones: "abc"}, {Name: "asia-south1", Zones: "abc"}, {Name: "northamerica-northeast1", Zones: "abc"},
}

var cpuPlatforms = []string{"Intel Cascade Lake", "Intel Ice Lake", "AMD Milan", "Intel Broadwell"}

// DefaultRegions returns the names of the first n regions of the Catalogue, or of all if n is
// larger.
func DefaultRegions(n int) []string {
	n = min(max(n, 0), len(Catalogue))
	names := make([]string, n)
	for i := range names {
		names[i] = Catalogue[i].Name
	}
	return names
}

// lookupRegion finds a region of the Catalogue.
func lookupRegion(name string) (Region, bool) {
	i := slices.IndexFunc(Catalogue, func(r Region) bool { return r.Name == name })
	if i < 0 {
		return Region{}, false
	}
	return Catalogue[i], true
}

// RegionOfZone returns the region of a zone: its name without the last part.
func RegionOfZone(zone string) string {
	i := strings.LastIndexByte(zone, '-')
	return zone[:max(i, 0)]
}

// DiskImage is the image of a boot disk.
type DiskImage struct {
	Project string // debian-cloud
	Name    string
	Arch    string // X86_64 or ARM64
	// License is the last part of the licence's URL, and LicenseCode its number.
	License     string
	LicenseCode string
}

var (
	debian      = &DiskImage{Project: "debian-cloud", Name: "debian-12-bookworm-v20260609", Arch: "X86_64", License: "debian-12-bookworm", LicenseCode: "2147286739765738111"}
	debianARM   = &DiskImage{Project: "debian-cloud", Name: "debian-12-bookworm-arm64-v20260609", Arch: "ARM64", License: "debian-12-bookworm", LicenseCode: "2147286739765738111"}
	containerOS = &DiskImage{Project: "cos-cloud", Name: "cos-stable-117-18613-164-4", Arch: "X86_64", License: "cos", LicenseCode: "6880041984096540132"}
	windows2022 = &DiskImage{Project: "windows-cloud", Name: "windows-server-2022-dc-v20260612", Arch: "X86_64", License: "windows-server-2022-dc", LicenseCode: "1000502"}
)

var defaultTypes = []string{
	"e2-medium", "e2-standard-2", "e2-standard-4", "n2-standard-4", "n2-standard-8", "n2d-standard-4", "n2-highmem-4",
	"c3-standard-4", "t2a-standard-2", "t2a-standard-4",
}

// machineSizes are the sizes that Churn picks from when it changes a machine type.
var machineSizes = []string{"standard-2", "standard-4", "standard-8", "standard-16"}

var defaultWorkloads = []cloudsim.Workload{
	{Name: "web", Team: "edge"}, {Name: "api", Team: "platform"}, {Name: "worker", Team: "platform", Spot: 0.4},
	{Name: "pipeline", Team: "data", Types: []string{"n2-highmem-8", "n2-standard-8"}, Spot: 0.6}, {Name: "bastion", Team: "sre", Types: []string{"e2-micro"}},
}

// sqlEngine is a database engine of Cloud SQL.
type sqlEngine struct {
	version   string
	installed string
}

var sqlEngines = []sqlEngine{
	{"POSTGRES_16", "POSTGRES_16_4"}, {"MYSQL_8_0", "MYSQL_8_0_39"}, {"POSTGRES_15", "POSTGRES_15_8"}, {"SQLSERVER_2022_STANDARD", "SQLSERVER_2022_STANDARD_CU14"},
}

// SQLTiers are the machine types of Cloud SQL, offered in every region.
var SQLTiers = []string{"db-custom-2-7680", "db-custom-4-15360", "db-custom-8-30720", "db-perf-optimized-N-4", "db-f1-micro"}
