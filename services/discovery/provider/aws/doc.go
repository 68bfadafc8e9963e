// Package aws is the provider of AWS: it reads the EC2 instances and RDS databases of every enabled
// region, and starts and stops them. It is the only package of discovery that uses the AWS SDK.
//
//	Open ─▶ GetCallerIdentity ─▶ DescribeRegions ─▶ for each region, at the same time:
//	         (which account?)     (which regions?)     DescribeInstances
//	                                                   DescribeDBClusters, then DescribeDBInstances
//
// # Complete answers
//
// The SDK decodes an empty body, or a page of HTML from a proxy, as a list without instances. So
// every answer must be the element that was asked for (check_answer.go) and every page token must
// be a new one. Any other odd answer fails the scope with a reason.
//
// # Signing in
//
// Credentials are the default chain, an access key, or a role that any of these assumes
// (signin.go). The credentials of a role are cached until the settings of its account change or
// AWS rejects them (roles.go). All calls trust the authorities of AWS_CA_BUNDLE, like the SDK.
//
// Permissions are tried with the calls that reading makes, in their smallest form (verify.go).
// The permissions to change machines are tried with dry runs on machines that are in the wanted
// state already (verify_machines.go).
//
// # Start and stop
//
//	Check ─▶ Probe, DescribeSpotInstanceRequests, DescribeDBClusters   the obstacles
//	Act ───▶ StartInstances, StopDBInstance, StartDBCluster …          one request, never repeated
//	Follow ▶ Probe, DescribeDBClusters                                 the progress
//
// The error of a failed request may prove that the request was not sent or that AWS rejected it.
// Otherwise its effect is in doubt, and Follow finds out (act.go). EC2 changes LaunchTime with each
// start, which proves that a start was made. The members of an Aurora cluster start and stop with
// it. refusal.go maps the codes of AWS to reasons.
//
// # Bounds
//
// Each attempt, each call with its retries, and the size of each answer are bounded. Waiting for an
// answer costs little, so many calls may wait at the same time. Reading one into memory costs
// megabytes, so only few may do that (gate.go).
package aws
