// Package aws reads AWS accounts behind the provider seam: EC2 instances and RDS
// databases of every enabled region. It is the one package that uses the AWS
// SDK.
//
//	Open ─▶ GetCallerIdentity ─▶ DescribeRegions ─▶ for each region, at the same time:
//	         (who are we?)        (which regions?)     DescribeInstances
//	                                                   DescribeDBClusters, then DescribeDBInstances
//
// # No partial truth
//
// The SDK is lenient where Rollcall can't be: an empty body, or a page of HTML
// from a proxy, is a list without instances to it. So every answer must be
// the element that was asked for (answer.go), every page token must be a new one,
// and whatever else is odd fails the scope with a reason.
//
// # Signing in
//
// With the default chain, an access key, or a role, which any of these assumes
// (signin.go). A role's credentials are held for its account until its settings
// change, or AWS says that they are no good (roles.go). All calls trust what
// AWS_CA_BUNDLE names, as the SDK alone would have it.
//
// Permissions are tried by the calls that reading makes, in their smallest form
// (verify.go). Those to change machines are dry runs on machines that are already
// what they would become (verify_lifecycle.go).
//
// # Start and stop
//
//	Check ─▶ Find, DescribeSpotInstanceRequests, DescribeDBClusters   what stands against it
//	Act ───▶ StartInstances, StopDBInstance, StartDBCluster …         one request, never repeated
//	Follow ▶ Find, DescribeDBClusters                                 how it goes
//
// What became of a request that broke off, its error alone tells: that it was not
// sent, or that AWS refused it, is proven; all else is in doubt, and Follow looks
// (lifecycle_act.go). EC2 moves LaunchTime with each start, which tells a start
// that was made. Aurora's members start and stop with their cluster. AWS's codes
// come to the closed list of refusals in lifecycle_refusal.go.
//
// # Bounds
//
// Each attempt, each call with its retries, and the size of each answer are
// bounded. Waiting for an answer costs next to nothing, so many calls may wait at
// once; reading one into memory costs megabytes, so few may (gate.go).
package aws
