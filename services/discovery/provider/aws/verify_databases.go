package aws

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// databaseChanges lists the permissions to change databases, each with the call that needs it.
var databaseChanges = []struct {
	permission string
	do         func(ctx context.Context, client *rds.Client, name *string) error
}{
	{"rds:StartDBInstance", func(ctx context.Context, client *rds.Client, name *string) error {
		_, err := client.StartDBInstance(ctx, &rds.StartDBInstanceInput{DBInstanceIdentifier: name})
		return err
	}},
	{"rds:StopDBInstance", func(ctx context.Context, client *rds.Client, name *string) error {
		_, err := client.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: name})
		return err
	}},
	{"rds:StartDBCluster", func(ctx context.Context, client *rds.Client, name *string) error {
		_, err := client.StartDBCluster(ctx, &rds.StartDBClusterInput{DBClusterIdentifier: name})
		return err
	}},
	{"rds:StopDBCluster", func(ctx context.Context, client *rds.Client, name *string) error {
		_, err := client.StopDBCluster(ctx, &rds.StopDBClusterInput{DBClusterIdentifier: name})
		return err
	}},
}

// tryDatabaseChanges tries the permissions of RDS, which has no dry runs, on a database that does not
// exist: with the permission RDS answers that there is none, and without it the call is denied.
func (s *session) tryDatabaseChanges(ctx context.Context, regions []string) []provider.Permission {
	// With 130 random bits, no database has this name.
	name := aws.String("rollcall-verify-" + strings.ToLower(rand.Text()))
	var tried []provider.Permission
	for _, change := range databaseChanges {
		var result provider.Permission
		for _, region := range regions {
			client := rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region })
			at := call{service: "RDS", region: region, permission: change.permission, optional: true}
			err := s.try(ctx, at, func(ctx context.Context) error { return unlessNotFound(change.do(ctx, client, name)) })
			if result = provider.TriedPermission(change.permission, region, err); result.Status != provider.CantTell {
				break
			}
		}
		if result.Name == "" { // No region is known; ec2:DescribeRegions has the reason.
			continue
		}
		result.Optional = true
		tried = append(tried, result)
	}
	return tried
}

// unlessNotFound returns nil for the error that there is no such database (RDS API Reference,
// DBInstanceNotFoundFault and DBClusterNotFoundFault).
func unlessNotFound(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFound", "DBClusterNotFoundFault":
			return nil
		}
	}
	return err
}
