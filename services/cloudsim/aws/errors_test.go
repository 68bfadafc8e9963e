package aws_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// wantCode checks that an SDK's error has the code and HTTP status.
func wantCode(t *testing.T, err error, code string, status int) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != code {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || resp.HTTPStatusCode() != status {
		t.Errorf("%s came with %v, want status %d", code, err, status)
	}
}

// calls makes one call of each service as the owner of a key.
func (c *cloud) calls(ctx context.Context, key aws.Key, region string) map[string]error {
	cfg := c.config(key, region)
	_, errEC2 := ec2.NewFromConfig(cfg).DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
	_, errRDS := rds.NewFromConfig(cfg).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	_, errSTS := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	return map[string]error{"ec2": errEC2, "rds": errRDS, "sts": errSTS}
}

// session assumes a role in the first account.
func (c *cloud) session(t *testing.T, duration time.Duration) aws.Key {
	t.Helper()
	p, err := c.Authenticate(c.Key(firstAccount).AccessKeyID, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err = c.AssumeRole(p, aws.RoleARN(firstAccount, "reader"), "", "test", duration)
	if err != nil {
		t.Fatal(err)
	}
	return p.Key
}

// answer is the code and status of an error response.
type answer struct {
	code   string
	status int
}

func TestCredentialErrors(t *testing.T) {
	now := time.Now()
	c := serve(t, cloudsim.Config{Now: func() time.Time { return now }, Clouds: cloudsim.Clouds{aws.Config{Accounts: 2, Regions: []string{homeRegion}}}})
	valid := c.Key(firstAccount)
	session := func(duration time.Duration) aws.Key { return c.session(t, duration) }
	unknown := map[string]answer{"ec2": {"AuthFailure", 401}, "rds": {"InvalidClientTokenId", 403}, "sts": {"InvalidClientTokenId", 403}}
	expired := map[string]answer{"ec2": {"RequestExpired", 400}, "rds": {"ExpiredToken", 403}, "sts": {"ExpiredToken", 403}}
	unsigned := map[string]answer{
		"ec2": {"SignatureDoesNotMatch", 403}, "rds": {"SignatureDoesNotMatch", 403}, "sts": {"SignatureDoesNotMatch", 403},
	}

	short, ended, revoked, forged, stolen := session(15*time.Minute), session(time.Hour), session(time.Hour), session(time.Hour), session(time.Hour)
	now = now.Add(time.Second)
	c.ExpireSessions(firstAccount)
	now = now.Add(time.Second)
	late, fresh := session(time.Hour), session(time.Hour)
	forged.Token = late.Token
	stolen.Token = ""
	c.RevokeKey(revoked.AccessKeyID)
	now = now.Add(20 * time.Minute)

	wrongSecret := valid
	wrongSecret.Secret = "wrong"
	cases := map[string]struct {
		key  aws.Key
		want map[string]answer
	}{
		"valid":             {valid, nil},
		"valid session":     {fresh, nil},
		"unknown key":       {aws.Key{AccessKeyID: "AKIANOBODY", Secret: "x"}, unknown},
		"wrong secret":      {wrongSecret, unsigned},
		"session timed out": {short, expired},
		"session ended":     {ended, expired},
		"revoked session":   {revoked, unknown},
		"another's token":   {forged, unknown},
		"no token":          {stolen, unknown},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for service, err := range c.calls(t.Context(), tc.key, homeRegion) {
				if tc.want == nil {
					if err != nil {
						t.Errorf("%s: %v", service, err)
					}
					continue
				}
				wantCode(t, err, tc.want[service].code, tc.want[service].status)
			}
		})
	}

	c.RevokeKey(valid.AccessKeyID)
	wantCode(t, c.calls(t.Context(), valid, homeRegion)["ec2"], "AuthFailure", 401)
	c.RestoreKey(valid.AccessKeyID)
	if err := c.calls(t.Context(), valid, homeRegion)["ec2"]; err != nil {
		t.Error(err)
	}
}

func TestRoles(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Accounts: 3, Regions: []string{homeRegion}, Instances: 1}}})
	other := c.Accounts()[1]
	c.PutRole(other, aws.Role{Name: "guarded", ExternalID: "secret", Deny: []string{"ec2:Stop*", "rds:*"}})
	c.PutRole(other, aws.Role{Name: "private", Trusts: []string{c.Accounts()[2]}})
	assume := func(arn, externalID string, seconds int32) (*sts.AssumeRoleOutput, error) {
		in := &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: sdk.String("test"), DurationSeconds: &seconds}
		if externalID != "" {
			in.ExternalId = &externalID
		}
		return c.sts().AssumeRole(t.Context(), in)
	}
	refused := []struct{ arn, externalID string }{
		{aws.RoleARN(other, "guarded"), ""},
		{aws.RoleARN(other, "guarded"), "guess"},
		{aws.RoleARN(other, "private"), ""},
		{aws.RoleARN("999999999999", "any"), ""},
		{"arn:aws:iam::" + other + ":user/someone", ""},
	}
	for _, r := range refused {
		_, err := assume(r.arn, r.externalID, 900)
		wantCode(t, err, "AccessDenied", 403)
	}
	_, err := assume(aws.RoleARN(other, "guarded"), "secret", 43200)
	wantCode(t, err, "ValidationError", 400)

	out, err := assume(aws.RoleARN(other, "guarded"), "secret", 900)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(*out.Credentials.Expiration); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("the session lasts another %v", left)
	}
	cfg := c.config(aws.Key{
		AccessKeyID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey, Token: *out.Credentials.SessionToken,
	}, homeRegion)
	if _, err := ec2.NewFromConfig(cfg).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{}); err != nil {
		t.Error(err)
	}
	_, err = ec2.NewFromConfig(cfg).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{"i-00000000000000000"}})
	wantCode(t, err, "UnauthorizedOperation", 403)
	_, err = rds.NewFromConfig(cfg).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	wantCode(t, err, "AccessDenied", 403)
}

func TestRequestErrors(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}}}})
	ctx, vms, dbs := t.Context(), c.ec2(homeRegion), c.rds(homeRegion)
	describe := func(in *ec2.DescribeInstancesInput) error {
		_, err := vms.DescribeInstances(ctx, in)
		return err
	}
	wantCode(t, describe(&ec2.DescribeInstancesInput{InstanceIds: []string{"i-0123456789abcdef0"}}), "InvalidInstanceID.NotFound", 400)
	wantCode(t, describe(&ec2.DescribeInstancesInput{InstanceIds: []string{"i-xyz"}}), "InvalidInstanceID.Malformed", 400)
	wantCode(t, describe(&ec2.DescribeInstancesInput{MaxResults: sdk.Int32(4)}), "InvalidParameterValue", 400)
	wantCode(t, describe(&ec2.DescribeInstancesInput{MaxResults: sdk.Int32(1001)}), "InvalidParameterValue", 400)
	wantCode(t, describe(&ec2.DescribeInstancesInput{NextToken: sdk.String("forged")}), "InvalidParameterValue", 400)
	wantCode(t, describe(&ec2.DescribeInstancesInput{MaxResults: sdk.Int32(5), InstanceIds: []string{"i-0123456789abcdef0"}}),
		"InvalidParameterCombination", 400)
	_, err := vms.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{})
	wantCode(t, err, "InvalidAction", 400)
	_, err = vms.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{"i-0123456789abcdef0"}})
	wantCode(t, err, "InvalidInstanceID.NotFound", 400)
	_, err = c.ec2("eu-south-1").DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
	wantCode(t, err, "AuthFailure", 401)
	_, err = c.rds("eu-south-1").DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
	wantCode(t, err, "InvalidClientTokenId", 403)
	_, err = dbs.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: sdk.String("nobody")})
	wantCode(t, err, "DBInstanceNotFound", 404)
	_, err = dbs.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: sdk.String("nobody")})
	wantCode(t, err, "DBClusterNotFoundFault", 404)
	_, err = dbs.StartDBInstance(ctx, &rds.StartDBInstanceInput{DBInstanceIdentifier: sdk.String("nobody")})
	wantCode(t, err, "DBInstanceNotFound", 404)

	resp, err := c.http.Get(c.server.URL + "/?Action=GetCallerIdentity")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a request without a signature got %s", resp.Status)
	}
}

// TestThrottling uses up the tokens of an account. Another account and another region have their
// own.
func TestThrottling(t *testing.T) {
	now := time.Now()
	limits := aws.Limits{Read: cloudsim.Bucket{Size: 3, Refill: 1}, Unpaged: cloudsim.Bucket{Size: 1}, RDS: cloudsim.Bucket{Size: 2, Refill: 1}}
	c := serve(t, cloudsim.Config{Now: func() time.Time { return now }, Clouds: cloudsim.Clouds{aws.Config{Accounts: 2, Limits: limits}}})
	paged := &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(5)}
	read := func() error {
		_, err := c.ec2(homeRegion).DescribeInstances(t.Context(), paged)
		return err
	}
	for range 3 {
		if err := read(); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, read(), "RequestLimitExceeded", 503)
	now = now.Add(time.Second)
	if err := read(); err != nil {
		t.Errorf("after a second: %v", err)
	}
	if _, err := c.ec2("eu-west-1").DescribeInstances(t.Context(), paged); err != nil {
		t.Errorf("in another region: %v", err)
	}
	if _, err := ec2.NewFromConfig(c.config(c.Key(c.Accounts()[1]), homeRegion)).DescribeInstances(t.Context(), paged); err != nil {
		t.Errorf("of another account: %v", err)
	}
	if _, err := c.ec2(homeRegion).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{}); err != nil {
		t.Errorf("without a page size: %v", err)
	}
	_, err := c.ec2(homeRegion).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{})
	wantCode(t, err, "RequestLimitExceeded", 503)
	for range 2 {
		if _, err := c.rds(homeRegion).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{}); err != nil {
			t.Error(err)
		}
	}
	_, err = c.rds(homeRegion).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	wantCode(t, err, "Throttling", 400)

	got := c.Requests(cloudsim.Call{Account: firstAccount, Region: homeRegion, Service: "ec2"})
	if want := (cloudsim.Count{Requests: 7, Throttled: 2, Failed: 2}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
