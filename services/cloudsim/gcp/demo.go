package gcp

import "github.com/rollcall-dev/rollcall/services/cloudsim"

// Demo returns the Google Cloud of the demo company: two projects. The service account of the first
// may read both.
func Demo() Config { return Config{Limits: DocumentedLimits(), Projects: demoProjects} }

var demoProjects = []ProjectPlan{
	{
		ID: "data-analytics-prod", Name: "Data Analytics", Env: "prod", Instances: 11, Databases: 6,
		Regions: []string{"europe-west1", "us-central1"},
		Workloads: []cloudsim.Workload{
			{Name: "dataflow", Team: "data", Types: []string{"n2-standard-8", "n2-highmem-8"}, Spot: 0.5},
			{Name: "looker", Team: "analytics", Types: []string{"e2-standard-8", "n2d-standard-8"}},
			{Name: "ingest", Team: "streaming", Types: []string{"e2-standard-4", "t2a-standard-4"}},
			{Name: "gke-analytics", Team: "data", Types: []string{"n2d-standard-4"}},
		},
	},
	{
		ID: "ml-platform", Name: "ML Platform", Env: "prod", Instances: 7, Databases: 3,
		Regions: []string{"us-central1", "europe-west4", "asia-southeast1"},
		Workloads: []cloudsim.Workload{
			{Name: "trainer", Team: "ml", Types: []string{"a2-highgpu-1g", "g2-standard-24"}, Spot: 0.6},
			{Name: "notebook", Team: "ml", Types: []string{"n1-standard-8", "e2-standard-4"}},
			{Name: "serving", Team: "ml", Types: []string{"g2-standard-8", "c3-standard-4"}},
			{Name: "features", Team: "data", Types: []string{"n2-highmem-4"}},
		},
		Members: []string{ServiceAccountEmail("data-analytics-prod", DefaultServiceAccount)},
	},
}
