package gcp_test

import (
	"context"
	"fmt"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// A test creates a world, serves it, and points Google's own client at it with a key file.
func Example() {
	world := cloudsim.New(cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{gcp.Config{Projects: []gcp.ProjectPlan{{ID: "my-project", Instances: 2, Regions: []string{"europe-west1"}}}}}})
	server, err := gcp.Serve(world)
	if err != nil {
		panic(err)
	}
	defer server.Close()

	ctx := context.Background()
	key, err := server.KeyJSON("my-project")
	if err != nil {
		panic(err)
	}
	credentials, err := google.CredentialsFromJSONWithType(ctx, key, google.ServiceAccount, compute.DefaultAuthScopes()...)
	if err != nil {
		panic(err)
	}
	client, err := compute.NewInstancesRESTClient(ctx, option.WithTokenSource(credentials.TokenSource), option.WithEndpoint(server.URL))
	if err != nil {
		panic(err)
	}
	request := &computepb.ListInstancesRequest{Project: "my-project", Zone: "europe-west1-b"}
	for vm, err := range client.List(ctx, request).All() {
		fmt.Println(vm.GetStatus() != "", err)
	}

	gcp.In(world).DisableAPI("my-project", "compute")
	_, err = client.List(ctx, request).Next()
	fmt.Println(err != nil)
	// Output:
	// true <nil>
	// true <nil>
	// true
}
