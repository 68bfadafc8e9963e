// Package cloudsim is a simulated cloud: accounts with regions, virtual machines and databases that live, change and
// disappear, and that fail on request. It holds no HTTP; the folders beside it put a cloud's wire protocol in front of a
// World, so that the unmodified SDKs of that cloud talk to it (package aws: EC2, RDS and STS; package gcp: Compute Engine,
// Cloud SQL, and what signs in to them).
//
//	Config ──New──▶ World ◀── Launch, Terminate, Retag, Resize, Start, Stop, Churn   what happens in the cloud
//	                  ▲  ◀── Inject, RevokeKey, ExpireSessions, PutRole              what goes wrong
//	                  │  ──▶ Truth, Requests                                         what is so, what was asked
//	              aws.Handler ◀── HTTP ── aws-sdk-go-v2, boto3, AWS CLI
//	              gcp.Handler ◀── HTTP ── google.golang.org/api, cloud.google.com/go, gcloud
//
// Everything is made from Config.Seed: two worlds of one configuration and one clock hold the same ids, names, addresses
// and tags, and the same calls of Churn change them in the same way. A region's content is made when it is first
// touched, so a world of thousands of accounts starts at once.
//
// States settle by the world's clock and not by timers. A machine that was launched is pending until Config.Transition
// has passed and running from then on, whoever looks:
//
//	pending ──▶ running ──▶ stopping ──▶ stopped ──▶ pending …
//	               └──▶ shutting-down ──▶ terminated ──(Config.TerminatedFor)──▶ not there any more
//
// Google Cloud's projects (Config.Projects) live in the same world beside AWS's accounts: in a project a VM's states are
//
//	PROVISIONING ──▶ STAGING ──▶ RUNNING ──▶ STOPPING ──▶ TERMINATED (stopped) ──▶ PROVISIONING …
//	                                └──▶ SUSPENDING ──▶ SUSPENDED ──▶ PROVISIONING …
//	                any ──▶ DEPROVISIONING ──▶ not there any more
package cloudsim
