package aws

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// The forms of AWS ids (EC2 User Guide, "Resource IDs"; RDS API Reference,
// DbiResourceId).
var (
	machineIDForm  = regexp.MustCompile(`^i-[0-9a-f]{8}(?:[0-9a-f]{9})?$`)
	databaseIDForm = regexp.MustCompile(`^db-[0-9A-Z]{20,40}$`)
	arnForm        = regexp.MustCompile(`^arn:aws[a-z-]*:(ec2|rds):([a-z0-9-]+):(\d{12}):(instance/|db:)(.+)$`)
)

// Recognizes returns the kind of an id or ARN of EC2 or RDS by its form.
func (p *Provider) Recognizes(providerID string) (cloud.Kind, bool) {
	switch {
	case machineIDForm.MatchString(providerID):
		return cloud.VirtualMachine, true
	case databaseIDForm.MatchString(providerID):
		return cloud.Database, true
	}
	if a, ok := parseARN(providerID); ok {
		return a.kind, true
	}
	return "", false
}

// arn is the parsed address of an instance.
type arn struct {
	kind            cloud.Kind
	region, account string
	// name is the id of a machine or the identifier of a database.
	name string
}

func parseARN(text string) (arn, bool) {
	m := arnForm.FindStringSubmatch(text)
	switch {
	case m == nil:
	case m[1] == "ec2" && m[4] == "instance/":
		return arn{cloud.VirtualMachine, m[2], m[3], m[5]}, true
	case m[1] == "rds" && m[4] == "db:":
		return arn{cloud.Database, m[2], m[3], m[5]}, true
	}
	return arn{}, false
}

// maxSearches is the number of scopes that are searched concurrently.
const maxSearches = 8

// Locate searches for an instance by its id in all regions of the account that the hint leaves open.
// An ARN contains its region.
func (s *session) Locate(ctx context.Context, hint provider.Hint, calls provider.Calls) (*provider.Located, error) {
	kind, known := s.provider.Recognizes(hint.ProviderID)
	if hint.Kind != "" && known && hint.Kind != kind {
		return nil, nil
	}
	if kind == "" {
		kind = hint.Kind
	}
	wanted := provider.Wanted{ProviderID: hint.ProviderID}
	if address, ok := parseARN(hint.ProviderID); ok {
		if address.account != s.account.CloudID || hint.Location != "" && hint.Location != address.region {
			return nil, nil
		}
		if kind == cloud.Database {
			return s.locateDatabase(ctx, address, calls)
		}
		hint.Location, wanted.ProviderID = address.region, address.name
	}
	scopes, err := s.scopesFor(ctx, hint, kind)
	if err != nil {
		return nil, err
	}
	return s.search(ctx, scopes, wanted, calls)
}

// scopesFor returns the scopes to search.
func (s *session) scopesFor(ctx context.Context, hint provider.Hint, kind cloud.Kind) ([]provider.PlannedScope, error) {
	if hint.Location != "" && kind != "" {
		return []provider.PlannedScope{{ScopeID: provider.ScopeID{Kind: kind, Location: hint.Location}}}, nil
	}
	planned, err := s.Scopes(ctx)
	if err != nil {
		return nil, err
	}
	var scopes []provider.PlannedScope
	for _, p := range planned {
		if (kind == "" || p.Kind == kind) && (hint.Location == "" || p.Location == hint.Location) {
			scopes = append(scopes, p)
		}
	}
	return scopes, nil
}

// search asks for one instance in several scopes concurrently until it is found.
func (s *session) search(ctx context.Context, scopes []provider.PlannedScope, wanted provider.Wanted, calls provider.Calls) (*provider.Located, error) {
	searching, stop := context.WithCancel(ctx)
	defer stop()
	var (
		mu      sync.Mutex
		located *provider.Located
		lost    *fault.Error
		all     sync.WaitGroup
	)
	turns := make(chan struct{}, maxSearches)
	for _, scope := range scopes {
		if scope.Failure != nil {
			lost = scope.Failure
			continue
		}
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			findings, err := s.Probe(searching, scope.ScopeID, []provider.Wanted{wanted}, calls)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil || len(findings) != 1:
			case findings[0].Instance != nil:
				located = &provider.Located{ScopeID: scope.ScopeID, Instance: *findings[0].Instance}
				stop() // It is nowhere else.
			case findings[0].Failure != nil:
				lost = findings[0].Failure
			}
		})
	}
	all.Wait()
	switch {
	case located != nil:
		return located, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case lost != nil:
		return nil, lost
	}
	return nil, nil
}

// locateDatabase asks for the database that an ARN belongs to.
func (s *session) locateDatabase(ctx context.Context, address arn, calls provider.Calls) (*provider.Located, error) {
	p := &databaseProbe{
		session: s, region: address.region, calls: calls,
		client: rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = address.region }),
	}
	found, err := p.describe(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(address.name)})
	if err != nil {
		if strings.TrimSuffix(codeOf(err), "Fault") == noDatabaseCode {
			return nil, nil
		}
		return nil, err
	}
	var members map[string]member
	if len(found) > 0 && aws.ToString(found[0].DBClusterIdentifier) != "" {
		if members, err = p.clusterMembers(ctx, p.client, p.region, p.calls); err != nil {
			return nil, err
		}
	}
	instances, err := p.databases(p.region, found, members)
	if err != nil || len(instances) == 0 {
		return nil, err
	}
	return &provider.Located{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: address.region}, Instance: instances[0]}, nil
}
