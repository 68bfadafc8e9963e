package aws

import (
	"slices"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// RegionInfo is one region of AWS's public catalogue.
type RegionInfo struct {
	Name string
	// OptIn reports whether an account must enable the region before it can use it.
	OptIn bool
}

// Catalogue lists the regions that exist, in the order in which DefaultRegions returns them.
// Source: the AWS page "AWS Regions".
var Catalogue = []RegionInfo{
	{Name: "us-east-1"}, {Name: "eu-west-1"}, {Name: "us-west-2"}, {Name: "eu-central-1"}, {Name: "ap-southeast-1"},
	{Name: "us-east-2"}, {Name: "ap-northeast-1"}, {Name: "eu-west-2"}, {Name: "ap-south-1"}, {Name: "sa-east-1"},
	{Name: "us-west-1"}, {Name: "ca-central-1"}, {Name: "eu-west-3"}, {Name: "eu-north-1"}, {Name: "ap-southeast-2"},
	{Name: "ap-northeast-2"}, {Name: "ap-northeast-3"},
	{Name: "eu-south-1", OptIn: true}, {Name: "eu-central-2", OptIn: true}, {Name: "ap-east-1", OptIn: true},
	{Name: "af-south-1", OptIn: true}, {Name: "me-south-1", OptIn: true}, {Name: "me-central-1", OptIn: true},
	{Name: "ap-south-2", OptIn: true}, {Name: "ap-southeast-3", OptIn: true}, {Name: "ap-southeast-4", OptIn: true},
	{Name: "eu-south-2", OptIn: true}, {Name: "il-central-1", OptIn: true}, {Name: "ca-west-1", OptIn: true},
}

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

// lookupRegion finds a region of the catalogue.
func lookupRegion(name string) (RegionInfo, bool) {
	i := slices.IndexFunc(Catalogue, func(r RegionInfo) bool { return r.Name == name })
	if i < 0 {
		return RegionInfo{}, false
	}
	return Catalogue[i], true
}

// Image is a machine image.
type Image struct {
	ID   string
	Arch string // x86_64 or arm64
	// Windows images add a platform element to EC2's responses.
	Windows bool
	// Platform is EC2's platformDetails, such as "Linux/UNIX".
	Platform string
	// Operation is EC2's usageOperation, the billing code for Platform.
	Operation  string
	RootDevice string
}

var (
	linuxX86 = &Image{ID: "ami-0a1b2c3d4e5f60718", Arch: "x86_64", Platform: "Linux/UNIX", Operation: "RunInstances", RootDevice: "/dev/xvda"}
	linuxARM = &Image{ID: "ami-0b2c3d4e5f6071829", Arch: "arm64", Platform: "Linux/UNIX", Operation: "RunInstances", RootDevice: "/dev/xvda"}
	ubuntu   = &Image{ID: "ami-0c3d4e5f607182930", Arch: "x86_64", Platform: "Linux/UNIX", Operation: "RunInstances", RootDevice: "/dev/sda1"}
	redhat   = &Image{ID: "ami-0d4e5f60718293041", Arch: "x86_64", Platform: "Red Hat Enterprise Linux", Operation: "RunInstances:0010", RootDevice: "/dev/sda1"}
	windows  = &Image{ID: "ami-0e5f6071829304152", Arch: "x86_64", Windows: true, Platform: "Windows", Operation: "RunInstances:0002", RootDevice: "/dev/sda1"}
)

// instanceSizes are the sizes that Churn picks from when it resizes an instance.
var instanceSizes = []string{"large", "xlarge", "2xlarge", "4xlarge"}

var defaultTypes = []string{
	"t3.medium", "t3.large", "m6i.large", "m6i.xlarge", "m6i.2xlarge", "c6i.xlarge", "c6i.2xlarge", "r6i.large",
	"r6i.xlarge", "m7g.large", "m7g.xlarge", "c7g.xlarge",
}

var defaultWorkloads = []cloudsim.Workload{
	{Name: "web", Team: "edge"}, {Name: "api", Team: "platform"}, {Name: "worker", Team: "platform", Spot: 0.4},
	{Name: "cache", Team: "platform", Types: []string{"r6i.large", "r7g.large"}}, {Name: "search", Team: "search"},
	{Name: "etl", Team: "data", Spot: 0.6}, {Name: "bastion", Team: "sre", Types: []string{"t3.micro"}},
}

// engine is a database engine.
type engine struct {
	name    string
	version string
	port    int
	license string
	aurora  bool
}

var engines = []engine{
	{name: "postgres", version: "16.4", port: 5432, license: "postgresql-license"},
	{name: "mysql", version: "8.0.39", port: 3306, license: "general-public-license"},
	{name: "postgres", version: "15.8", port: 5432, license: "postgresql-license"},
	{name: "mariadb", version: "10.11.9", port: 3306, license: "general-public-license"},
}

var auroraEngines = []engine{
	{name: "aurora-postgresql", version: "16.4", port: 5432, license: "postgresql-license", aurora: true},
	{name: "aurora-mysql", version: "8.0.mysql_aurora.3.07.1", port: 3306, license: "general-public-license", aurora: true},
}

var databaseClasses = []string{"db.t4g.medium", "db.m6g.large", "db.m6g.xlarge", "db.r6g.large", "db.r6g.2xlarge"}
