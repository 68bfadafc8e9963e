package app

import (
	"cmp"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// Server serves one cloud on a port.
type Server interface {
	// Wait returns when the server has ended, nil after Close.
	Wait() error
	Close() error
	// Instructions describes the cloud and how to use it, in lines of text.
	Instructions() string
}

// cloud is a cloud that the program can simulate.
type cloud struct {
	// config returns the cloud's part of the world, and false if the settings leave the cloud out.
	config func(cfg Config, regions []string) (cloudsim.CloudConfig, bool)
	serve  func(w *cloudsim.World, cfg Config) (Server, error)
}

// clouds are the clouds that the program can simulate. A further cloud is a further element.
var clouds = []cloud{
	{config: awsConfig, serve: func(w *cloudsim.World, cfg Config) (Server, error) { return aws.ServeOn(w, cfg.Addr) }},
	{config: gcpConfig, serve: serveGCP},
}

func awsConfig(cfg Config, regions []string) (cloudsim.CloudConfig, bool) {
	plan := aws.Config{Accounts: cfg.Accounts, Regions: regions, Instances: cfg.Instances, Databases: cfg.Databases}
	if cfg.isDemo() {
		plan = aws.Demo()
	}
	plan.Hostile, plan.IgnoreSignatures = cfg.Hostile, !cfg.Verify
	plan.ExternalID = cmp.Or(cfg.ExternalID, plan.ExternalID)
	plan.Limits = aws.Limits{}
	if cfg.Throttle {
		plan.Limits = aws.DocumentedLimits()
	}
	return plan, true
}

func gcpConfig(cfg Config, _ []string) (cloudsim.CloudConfig, bool) {
	var plan gcp.Config
	if cfg.isDemo() {
		plan = gcp.Demo()
	}
	for _, id := range cfg.Projects {
		plan.Projects = append(plan.Projects, gcp.ProjectPlan{
			ID: id, Instances: cfg.Instances, Databases: cfg.Databases, Hostile: cfg.Hostile,
		})
	}
	plan.Limits = gcp.Limits{}
	if cfg.Throttle {
		plan.Limits = gcp.DocumentedLimits()
	}
	return plan, len(plan.Projects) > 0
}

func serveGCP(w *cloudsim.World, cfg Config) (Server, error) {
	server, err := gcp.ServeOn(w, cmp.Or(cfg.GoogleAddr, "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	server.URL = cmp.Or(strings.TrimSuffix(cfg.GoogleURL, "/"), server.URL)
	return server, nil
}
