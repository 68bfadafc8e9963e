// Package cloudsim simulates clouds. A World holds what all clouds share: the clock, the seed,
// injected faults, request counts and the record of mutations. Each cloud is a folder with its
// state and its wire protocol side by side, so that the unmodified SDKs of that cloud can talk to
// it:
//
//	aws   EC2, RDS and STS
//	gcp   Compute Engine, Cloud SQL, Resource Manager and the endpoints that issue access tokens
//
//	Config ──New──▶ World ◀── Churn                          changes in every cloud
//	                  │  ◀── Inject                           faults
//	                  │  ──▶ Requests, Mutations              what clients did
//	                  ├── aws.Cloud ◀── aws.Handler ◀── HTTP ── aws-sdk-go-v2, boto3, AWS CLI
//	                  └── gcp.Cloud ◀── gcp.Handler ◀── HTTP ── cloud.google.com/go, google.golang.org/api, gcloud
//
// To add a cloud, write a package with a type that implements Cloud and a configuration that
// implements CloudConfig, and add it to the list in package app.
//
// Everything follows from Config.Seed: two worlds with the same configuration and the same clock
// hold the same ids, names, addresses and tags, and the same calls of Churn change them in the same
// way. Generated instances are dated relative to Config.Epoch and not to the present, so that a
// restart does not change when they were created. A cloud generates the content of a region or
// project on first use, so that a world with thousands of accounts starts at once.
//
// State transitions follow the world's clock; there are no timers. An instance that was launched is
// pending until Config.Transition has passed, and running from then on.
package cloudsim
