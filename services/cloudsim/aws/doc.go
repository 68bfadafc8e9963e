// Package aws simulates Amazon Web Services: EC2 (Query API 2016-11-15), RDS (2014-10-31) and STS
// (2011-06-15). Cloud holds the state: accounts with regions, instances, databases, access keys and
// roles. Handler speaks the wire protocol, form parameters in and XML out, so that unmodified SDKs
// can use it through AWS_ENDPOINT_URL.
//
// One endpoint serves every service and region. The SigV4 credential scope of a request determines
// the region and the service, and the access key the account:
//
//	Authorization: AWS4-HMAC-SHA256 Credential=AKIA…/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=…, Signature=…
//
// A request passes these steps. The first step that fails determines the response:
//
//	scope and form ─▶ key and signature ─▶ injected faults ─▶ region enabled ─▶ request limits ─▶ permission ─▶ action
//
// Errors have the status, code and XML format of each service. The codes are those of "Error codes
// for the Amazon EC2 API" and of the error lists in the RDS and STS API references.
//
// The states of an instance:
//
//	pending ──▶ running ──▶ stopping ──▶ stopped ──▶ pending …
//	   any ──▶ shutting-down ──▶ terminated ──(Config.TerminatedFor)──▶ no longer visible
package aws
