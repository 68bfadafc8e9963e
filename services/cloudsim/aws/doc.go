// Package aws puts the wire protocols of Amazon Web Services in front of a simulated cloud: EC2 (Query API 2016-11-15),
// RDS (2014-10-31) and STS (2011-06-15), all forms in and XML out. Unmodified SDKs talk to it through AWS_ENDPOINT_URL.
//
// One endpoint serves every service and region. A request's SigV4 credential scope says which are meant, its access key
// which account:
//
//	Authorization: AWS4-HMAC-SHA256 Credential=AKIA…/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=…, Signature=…
//
// A request passes these steps, the first that fails answers it:
//
//	scope and form ─▶ key and signature ─▶ injected faults ─▶ region enabled ─▶ request limits ─▶ permission ─▶ action
//
// Errors leave with the status, code and XML shape that each service uses. The codes are those of "Error codes for the
// Amazon EC2 API" and of the error lists of the RDS and STS API references.
package aws
