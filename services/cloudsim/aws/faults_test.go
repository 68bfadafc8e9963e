package aws_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// TestFaults_ErrorResponse injects each fault that is an error response, and reads it through each
// service.
func TestFaults_ErrorResponse(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Instances: 5}}})
	unknown := map[string]answer{"ec2": {"AuthFailure", 401}, "rds": {"InvalidClientTokenId", 403}, "sts": {"InvalidClientTokenId", 403}}
	cases := map[cloudsim.FaultKind]map[string]answer{
		cloudsim.AccessDenied: {"ec2": {"UnauthorizedOperation", 403}, "rds": {"AccessDenied", 403}, "sts": {"AccessDenied", 403}},
		cloudsim.Throttle:     {"ec2": {"RequestLimitExceeded", 503}, "rds": {"Throttling", 400}, "sts": {"Throttling", 400}},
		cloudsim.ServerError:  {"ec2": {"InternalError", 500}, "rds": {"InternalFailure", 500}, "sts": {"InternalFailure", 500}},
		cloudsim.Unavailable:  {"ec2": {"Unavailable", 503}, "rds": {"ServiceUnavailable", 503}, "sts": {"ServiceUnavailable", 503}},
		cloudsim.Expired:      {"ec2": {"RequestExpired", 400}, "rds": {"ExpiredToken", 403}, "sts": {"ExpiredToken", 403}},
		cloudsim.Revoked:      unknown,
		cloudsim.NotEnabled:   unknown,
		cloudsim.Respond:      {"ec2": {"Odd", 418}, "rds": {"Odd", 418}, "sts": {"Odd", 418}},
	}
	for kind, want := range cases {
		t.Run(string(kind), func(t *testing.T) {
			defer c.Inject(cloudsim.Fault{Kind: kind, Status: 418, Code: "Odd", Message: "<&>"})()
			for service, err := range c.calls(t.Context(), c.Key(firstAccount), homeRegion) {
				wantCode(t, err, want[service].code, want[service].status)
			}
		})
	}
	for service, err := range c.calls(t.Context(), c.Key(firstAccount), homeRegion) {
		if err != nil {
			t.Errorf("%s, after the faults: %v", service, err)
		}
	}
}

// TestFaults_BrokenResponse injects each fault that leaves the SDK without a readable response.
func TestFaults_BrokenResponse(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Instances: 50}}})
	for _, kind := range []cloudsim.FaultKind{cloudsim.Drop, cloudsim.Truncate, cloudsim.Malformed} {
		t.Run(string(kind), func(t *testing.T) {
			defer c.Inject(cloudsim.Fault{Kind: kind, Call: cloudsim.Call{Region: homeRegion}})()
			for service, err := range c.calls(t.Context(), c.Key(firstAccount), homeRegion) {
				if _, ok := errors.AsType[smithy.APIError](err); err == nil || ok {
					t.Errorf("%s: got %v, want an error below the API", service, err)
				}
			}
			if _, err := c.ec2("eu-west-1").DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{}); err != nil {
				t.Errorf("in another region: %v", err)
			}
		})
	}
}

// TestFaults_Hang cancels a request that never gets a response.
func TestFaults_Hang(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}}}})
	remove := c.Inject(cloudsim.Fault{Kind: cloudsim.Hang})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	if _, err := c.ec2(homeRegion).DescribeRegions(ctx, &ec2.DescribeRegionsInput{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	remove()
	if _, err := c.ec2(homeRegion).DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{}); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

// TestFaults_Latency checks that the delay of a response is the world's latency and that of the
// fault. It runs on the fake clock of a synctest bubble.
func TestFaults_Latency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := cloudsim.New(cloudsim.Config{Latency: 5 * time.Millisecond, Clouds: cloudsim.Clouds{aws.Config{IgnoreSignatures: true}}})
		world.Inject(cloudsim.Fault{Kind: cloudsim.Slow, Delay: 15 * time.Millisecond})
		handler := aws.NewHandler(world)
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=DescribeRegions&Version=2016-11-15"))
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+aws.In(world).Key(firstAccount).AccessKeyID+"/20260101/"+
			homeRegion+"/ec2/aws4_request, SignedHeaders=host, Signature=0")
		start, response := time.Now(), httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if took := time.Since(start); took != 20*time.Millisecond || response.Code != http.StatusOK {
			t.Errorf("status %d after %v, want 200 after 20ms", response.Code, took)
		}
	})
}

// TestFaults_Paging reads lists with faulty page tokens.
func TestFaults_Paging(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Instances: 12, Databases: 50}}})
	pages := ec2.DescribeInstancesInput{MaxResults: sdk.Int32(5)}
	next := func(token *string) *ec2.DescribeInstancesOutput {
		in := pages
		in.NextToken = token
		out, err := c.ec2(homeRegion).DescribeInstances(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Run("fail midway", func(t *testing.T) {
		defer c.Inject(cloudsim.Fault{Kind: cloudsim.FailMidway})()
		ids, err := c.instanceIDs(t.Context(), homeRegion, &pages)
		wantCode(t, err, "InternalError", 500)
		if len(ids) != 5 {
			t.Errorf("%d instances before the failure", len(ids))
		}
		all := rds.NewDescribeDBInstancesPaginator(c.rds(homeRegion), &rds.DescribeDBInstancesInput{MaxRecords: sdk.Int32(20)})
		if _, err := all.NextPage(t.Context()); err != nil {
			t.Error(err)
		}
		_, err = all.NextPage(t.Context())
		wantCode(t, err, "InternalFailure", 500)
	})
	t.Run("repeat token", func(t *testing.T) {
		defer c.Inject(cloudsim.Fault{Kind: cloudsim.RepeatToken})()
		first := next(nil)
		second := next(first.NextToken)
		if *second.NextToken != *first.NextToken {
			t.Error("the second page ends with another token")
		}
	})
	t.Run("endless", func(t *testing.T) {
		defer c.Inject(cloudsim.Fault{Kind: cloudsim.EndlessPages})()
		var token *string
		for range 10 { // of three
			if token = next(token).NextToken; token == nil {
				t.Fatal("the pages ended")
			}
		}
	})
	t.Run("empty", func(t *testing.T) {
		defer c.Inject(cloudsim.Fault{Kind: cloudsim.Empty})()
		if out := next(nil); len(out.Reservations) != 0 || out.NextToken != nil {
			t.Errorf("%d reservations", len(out.Reservations))
		}
		out, err := c.rds(homeRegion).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
		if err != nil || len(out.DBInstances) != 0 {
			t.Errorf("%v, %v", out, err)
		}
		for service, err := range c.calls(t.Context(), c.Key(firstAccount), homeRegion) {
			if err != nil {
				t.Errorf("%s: %v", service, err)
			}
		}
	})
}

// TestFaults_IncompleteLists reads lists that omit resources while reads by id are complete, and
// the reverse.
func TestFaults_IncompleteLists(t *testing.T) {
	c := serve(t, cloudsim.Config{PageSize: 7, Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Instances: 40, Databases: 40}}})
	all, err := c.instanceIDs(t.Context(), homeRegion, &ec2.DescribeInstancesInput{})
	if err != nil || len(all) != 40 {
		t.Fatalf("%d instances, %v", len(all), err)
	}
	databases := func(in rds.DescribeDBInstancesInput) (n int) {
		for pages := rds.NewDescribeDBInstancesPaginator(c.rds(homeRegion), &in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.DBInstances)
		}
		return n
	}
	every := databases(rds.DescribeDBInstancesInput{})
	byFilter := &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{{Name: sdk.String("instance-id"), Values: all}}}
	for kind, of := range map[cloudsim.FaultKind]int{cloudsim.Incomplete: 0, cloudsim.LastPage: 7} {
		t.Run(string(kind), func(t *testing.T) {
			defer c.Inject(cloudsim.Fault{Kind: kind, Of: cloudsim.Lists})()
			some, err := c.instanceIDs(t.Context(), homeRegion, &ec2.DescribeInstancesInput{})
			if err != nil || len(some) == 0 || len(some) == 40 || of > 0 && len(some) != of {
				t.Errorf("%d instances, %v", len(some), err)
			}
			if n := databases(rds.DescribeDBInstancesInput{}); n == 0 || n == every || of > 0 && n != of {
				t.Errorf("%d databases of %d", n, every)
			}
			for name, in := range map[string]*ec2.DescribeInstancesInput{"ids": {InstanceIds: all}, "filter": byFilter} {
				if named, err := c.instanceIDs(t.Context(), homeRegion, in); err != nil || len(named) != 40 {
					t.Errorf("by %s: %d instances, %v", name, len(named), err)
				}
			}
			first := c.truth(t).Databases[0]
			if databases(rds.DescribeDBInstancesInput{DBInstanceIdentifier: &first.ID}) != 1 {
				t.Errorf("%s is not found", first.ID)
			}
		})
	}
	defer c.Inject(cloudsim.Fault{Kind: cloudsim.Empty, Of: cloudsim.ByID})()
	if named, err := c.instanceIDs(t.Context(), homeRegion, &ec2.DescribeInstancesInput{InstanceIds: all}); err != nil || len(named) != 0 {
		t.Errorf("by ids: %d instances, %v", len(named), err)
	}
	if listed, err := c.instanceIDs(t.Context(), homeRegion, &ec2.DescribeInstancesInput{}); err != nil || len(listed) != 40 {
		t.Errorf("listed: %d instances, %v", len(listed), err)
	}
}

// TestHostileErrorText sends an error message that would break XML if it were not escaped.
func TestHostileErrorText(t *testing.T) {
	c := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{}}})
	_, err := c.ec2(homeRegion).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{`i-<"&>` + "\x01"}})
	wantCode(t, err, "InvalidInstanceID.Malformed", 400)
	if !strings.Contains(err.Error(), `i-<"&>`) {
		t.Errorf("got %v", err)
	}
}
