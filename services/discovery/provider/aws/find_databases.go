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

// databasesAskedAlone bounds how many databases are asked for by their name, one
// a call, when a list of exactly those lacks them.
const databasesAskedAlone = 30

// noDatabaseCode says that there is no database of that name.
const noDatabaseCode = "DBInstanceNotFound"

// findDatabases asks RDS for databases: many at once by their resource ids, which
// says only what is there, and then some by their names, which RDS denies.
func (s *session) findDatabases(ctx context.Context, region string, answers *providerkit.Probe, calls provider.Calls) {
	f := &databaseSearch{
		session: s, region: region, answers: answers, calls: calls,
		client: rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region }),
	}
	var byID, byName []provider.Wanted
	for _, wanted := range answers.Pending() {
		// Who has no resource id of its own goes by its ARN; see database.
		if strings.HasPrefix(wanted.ProviderID, "arn:") {
			byName = append(byName, wanted)
		} else {
			byID = append(byID, wanted)
		}
	}
	askAll(ctx, answers, byID, databasesAPage, func(chunk []provider.Wanted) error {
		return f.many(ctx, "dbi-resource-id", idsOf(chunk), chunk)
	})
	askAll(ctx, answers, byName, databasesAPage, func(chunk []provider.Wanted) error {
		names := make([]string, len(chunk))
		for i := range chunk {
			names[i] = databaseName(chunk[i])
		}
		return f.many(ctx, "db-instance-id", names, chunk)
	})
	answers.ProbeUnlisted(databasesAskedAlone, func(wanted provider.Wanted) error { return f.alone(ctx, wanted) })
}

// databaseName is the identifier that people gave a database.
func databaseName(wanted provider.Wanted) string {
	for _, arn := range []string{wanted.ProviderURI, wanted.ProviderID} {
		if parts := strings.SplitN(arn, ":", 7); len(parts) == 7 {
			return parts[6]
		}
	}
	return wanted.DisplayName
}

// databaseSearch is one search for databases of a region.
type databaseSearch struct {
	*session
	region  string
	client  *rds.Client
	answers *providerkit.Probe
	calls   provider.Calls
}

// many asks for databases by a filter.
func (f *databaseSearch) many(ctx context.Context, filter string, values []string, chunk []provider.Wanted) error {
	found, err := f.describe(ctx, &rds.DescribeDBInstancesInput{
		MaxRecords: aws.Int32(databasesAPage),
		Filters:    []types.Filter{{Name: aws.String(filter), Values: values}},
	})
	if noFilter(err) || noDatabase(err) {
		return nil // It has no such filter, or denies without saying which: no AWS. The names are left.
	}
	if err == nil {
		err = f.take(ctx, found)
	}
	if err == nil {
		sayUnlisted(f.answers, idsOf(chunk))
	}
	return err
}

// noFilter tells that a filter was refused.
func noFilter(err error) bool {
	return slices.Contains([]string{"InvalidParameterValue", "InvalidParameterCombination", "NotImplemented", "InvalidAction"}, codeOf(err))
}

// noDatabase tells that RDS denies what it was asked for.
func noDatabase(err error) bool { return strings.TrimSuffix(codeOf(err), "Fault") == noDatabaseCode }

// alone asks for one database that a list lacked by its name. Without a clear
// answer it stays with what the list said. It gives the trouble that the next one
// would meet too.
func (f *databaseSearch) alone(ctx context.Context, wanted provider.Wanted) error {
	name := databaseName(wanted)
	if name == "" {
		return nil
	}
	found, err := f.describe(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(name)})
	if err == nil {
		err = f.take(ctx, found)
	}
	switch {
	case err == nil && len(found) > 0, noDatabase(err):
		// There is none, or the name belongs to another by now.
		f.answers.RecordEvidence(wanted.ProviderID, provider.NotFound)
	case ctx.Err() != nil, isTrouble(err):
		return err
	}
	return nil
}

// isTrouble tells an error that was tried again and again from a word on what was
// asked for.
func isTrouble(err error) bool {
	if err == nil {
		return false
	}
	reason := provider.FaultOf(err).Reason
	return reason == fault.ReasonUnreachable || reason == fault.ReasonThrottled || brokeOff(err) == aws.TrueTernary
}

// describe takes all pages of one question.
func (f *databaseSearch) describe(ctx context.Context, input *rds.DescribeDBInstancesInput) ([]types.DBInstance, error) {
	pages := rds.NewDescribeDBInstancesPaginator(f.client, input)
	var found []types.DBInstance
	list := listing[*rds.DescribeDBInstancesOutput]{
		session: f.session,
		at:      call{service: "RDS", region: f.region, permission: "rds:DescribeDBInstances"},
		calls:   f.calls,
		more:    pages.HasMorePages,
		read:    func(ctx context.Context) (*rds.DescribeDBInstancesOutput, error) { return pages.NextPage(ctx) },
		token:   func(page *rds.DescribeDBInstancesOutput) *string { return page.Marker },
		pass: func(_ context.Context, page *rds.DescribeDBInstancesOutput) error {
			found = append(found, page.DBInstances...)
			return nil
		},
	}
	return found, list.all(ctx)
}

// take takes databases that are there, with what their clusters know of them.
func (f *databaseSearch) take(ctx context.Context, found []types.DBInstance) error {
	var members map[string]member
	if slices.ContainsFunc(found, func(i types.DBInstance) bool { return aws.ToString(i.DBClusterIdentifier) != "" }) {
		var err error
		if members, err = f.clusterMembers(ctx, f.client, f.region, f.calls); err != nil {
			return err
		}
	}
	instances, err := f.databases(f.region, found, members)
	for i := range instances {
		f.answers.RecordFound(instances[i])
	}
	return err
}
