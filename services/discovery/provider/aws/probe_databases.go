package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// maxSingleDatabases is how many databases are looked up by their names, one in each call, if a list
// of exactly those omitted them.
const maxSingleDatabases = 30

// noDatabaseCode is the error code for a name that no database has.
const noDatabaseCode = "DBInstanceNotFound"

// probeDatabases asks RDS for databases: for many at once by their resource ids, which proves only
// that they exist, and then for some by their names, for which RDS answers that there is none.
func (s *session) probeDatabases(ctx context.Context, region string, probe *providerkit.Probe, calls provider.Calls) {
	p := &databaseProbe{
		session: s, region: region, probe: probe, calls: calls,
		client: rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region }),
	}
	var byID, byName []provider.Wanted
	for _, wanted := range probe.Pending() {
		// Databases without a resource id have their ARN as id; see database.
		if strings.HasPrefix(wanted.ProviderID, "arn:") {
			byName = append(byName, wanted)
		} else {
			byID = append(byID, wanted)
		}
	}
	_ = probe.EachChunk(ctx, byID, databasesPerPage, func(chunk []provider.Wanted) error {
		return p.many(ctx, "dbi-resource-id", idsOf(chunk), chunk)
	})
	_ = probe.EachChunk(ctx, byName, databasesPerPage, func(chunk []provider.Wanted) error {
		names := make([]string, len(chunk))
		for i := range chunk {
			names[i] = databaseName(chunk[i])
		}
		return p.many(ctx, "db-instance-id", names, chunk)
	})
	probe.ProbeUnlisted(maxSingleDatabases, func(wanted provider.Wanted) error { return p.one(ctx, wanted) })
}

// databaseName returns the identifier that a database got from its owner.
func databaseName(wanted provider.Wanted) string {
	for _, arn := range []string{wanted.ProviderURI, wanted.ProviderID} {
		if parts := strings.SplitN(arn, ":", 7); len(parts) == 7 {
			return parts[6]
		}
	}
	return wanted.DisplayName
}

// databaseProbe is one probe of databases of a region.
type databaseProbe struct {
	*session
	region string
	client *rds.Client
	probe  *providerkit.Probe
	calls  provider.Calls
}

// many asks for databases with a filter.
func (p *databaseProbe) many(ctx context.Context, filter string, values []string, chunk []provider.Wanted) error {
	found, err := p.describe(ctx, &rds.DescribeDBInstancesInput{
		MaxRecords: aws.Int32(databasesPerPage),
		Filters:    []types.Filter{{Name: aws.String(filter), Values: values}},
	})
	if noFilter(err) || noDatabase(err) {
		return nil // Only simulators answer so. The databases are looked up by name instead.
	}
	if err == nil {
		err = p.take(ctx, found)
	}
	if err == nil {
		p.probe.RecordUnlisted(idsOf(chunk))
	}
	return err
}

// noFilter reports whether an error rejects a filter.
func noFilter(err error) bool {
	return slices.Contains([]string{"InvalidParameterValue", "InvalidParameterCombination", "NotImplemented", "InvalidAction"}, codeOf(err))
}

// noDatabase reports whether an error means that there is no such database.
func noDatabase(err error) bool { return strings.TrimSuffix(codeOf(err), "Fault") == noDatabaseCode }

// one looks up a database that a list omitted by its name. If the answer proves nothing, the evidence
// of the list remains. It returns only errors that the next database would meet too.
func (p *databaseProbe) one(ctx context.Context, wanted provider.Wanted) error {
	name := databaseName(wanted)
	if name == "" {
		return nil
	}
	found, err := p.describe(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	if err == nil {
		err = p.take(ctx, found)
	}
	switch {
	case err == nil && len(found) > 0, noDatabase(err):
		// There is none, or the name belongs to another database now.
		p.probe.RecordEvidence(wanted.ProviderID, provider.NotFound)
	case ctx.Err() != nil, isLasting(err):
		return err
	}
	return nil
}

// isLasting reports whether an error is about the service, so that the next call would meet it too,
// and not about the database that was asked for.
func isLasting(err error) bool {
	if err == nil {
		return false
	}
	reason := provider.FaultOf(err).Reason
	return reason == fault.ReasonUnreachable || reason == fault.ReasonThrottled || brokeOff(err) == aws.TrueTernary
}

// describe reads all pages of one list.
func (p *databaseProbe) describe(ctx context.Context, input *rds.DescribeDBInstancesInput) ([]types.DBInstance, error) {
	var found []types.DBInstance
	list := listing[*rds.DescribeDBInstancesOutput]{
		session: p.session,
		at:      call{service: "RDS", region: p.region, permission: "rds:DescribeDBInstances"},
		calls:   p.calls,
		read: func(ctx context.Context, token *string) (*rds.DescribeDBInstancesOutput, error) {
			input.Marker = token
			return p.client.DescribeDBInstances(ctx, input)
		},
		next: func(page *rds.DescribeDBInstancesOutput) *string { return page.Marker },
		pass: func(_ context.Context, page *rds.DescribeDBInstancesOutput) error {
			found = append(found, page.DBInstances...)
			return nil
		},
	}
	return found, list.all(ctx)
}

// take records databases that exist, with the details that only their clusters have.
func (p *databaseProbe) take(ctx context.Context, found []types.DBInstance) error {
	var members map[string]member
	if slices.ContainsFunc(found, func(i types.DBInstance) bool { return aws.ToString(i.DBClusterIdentifier) != "" }) {
		var err error
		if members, err = p.clusterMembers(ctx, p.client, p.region, p.calls); err != nil {
			return err
		}
	}
	instances, err := p.databases(p.region, found, members)
	for i := range instances {
		p.probe.RecordFound(instances[i])
	}
	return err
}
