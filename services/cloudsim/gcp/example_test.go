package gcp_test

import (
	"context"
	"fmt"

	"golang.org/x/oauth2/google"
	"google.golang.org/api/compute/v1"
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
	credentials, err := google.CredentialsFromJSONWithType(ctx, key, google.ServiceAccount, compute.ComputeReadonlyScope)
	if err != nil {
		panic(err)
	}
	client, err := compute.NewService(ctx, option.WithTokenSource(credentials.TokenSource), option.WithEndpoint(server.URL+"/compute/v1/"))
	if err != nil {
		panic(err)
	}
	list, err := client.Instances.List("my-project", "europe-west1-b").Do()
	fmt.Println(len(list.Items), err)

	gcp.In(world).DisableAPI("my-project", "compute")
	_, err = client.Instances.List("my-project", "europe-west1-b").Do()
	fmt.Println(err != nil)
	// Output:
	// 2 <nil>
	// true
}
