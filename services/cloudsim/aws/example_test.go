package aws_test

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// A test creates a world, serves it, and points an unmodified SDK at it.
func Example() {
	world := cloudsim.New(cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{aws.Config{Instances: 3, Regions: []string{"eu-west-1"}}}})
	server, err := aws.Serve(world)
	if err != nil {
		panic(err)
	}
	defer server.Close()

	account := server.Cloud.Accounts()[0]
	key := server.Cloud.Key(account)
	client := ec2.New(ec2.Options{
		Region:       "eu-west-1",
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.Secret, ""),
	})
	ctx := context.Background()
	out, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(100)})
	fmt.Println(len(out.Reservations), err)

	remove := world.Inject(cloudsim.Fault{Kind: cloudsim.AccessDenied, Call: cloudsim.Call{Region: "eu-west-1"}})
	_, err = client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
	fmt.Println(err != nil)
	remove()

	fmt.Println(world.Requests(cloudsim.Call{Account: account, Action: "DescribeInstances"}).Failed)
	// Output:
	// 3 <nil>
	// true
	// 1
}
