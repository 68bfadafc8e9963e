// Package gcp simulates Google Cloud: Compute Engine (v1), Cloud SQL Admin (v1 and v1beta4),
// Resource Manager (v1 and v3), and the services that issue access tokens: the OAuth 2.0 token
// endpoint, the Security Token Service and IAM Credentials. Cloud holds the state: projects with
// VMs, Cloud SQL instances, operations and service accounts. Handler speaks the wire protocol, JSON
// over HTTP, so that unmodified clients can use it through CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE
// and CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL, and through the token_uri of a key file.
//
// One endpoint serves every service. The path determines the service:
//
//	/compute/v1/projects/…                      Compute Engine
//	/v1/projects/…/instances, /sql/v1beta4/…    Cloud SQL Admin
//	/v1/projects/…, /v3/projects/…              Resource Manager
//	/token  /v1/token  /v1/projects/-/…         OAuth 2.0, token exchange, impersonation
//
// A request passes these steps. The first step that fails determines the response:
//
//	access token ─▶ injected faults ─▶ project ─▶ API enabled ─▶ request limits ─▶ permission ─▶ action
//
// The parameter `fields` reduces a response to the selected fields ("Partial response" in Google's
// performance tips). Errors are Google's JSON errors with details; those of the front end are HTML
// pages. Sources: AIP-193, the references of the APIs, and "Handling API errors" of Cloud APIs.
//
// The states of a VM:
//
//	PROVISIONING ──▶ STAGING ──▶ RUNNING ──▶ STOPPING ──▶ TERMINATED (stopped) ──▶ PROVISIONING …
//	                                └──▶ SUSPENDING ──▶ SUSPENDED ──▶ PROVISIONING …
//	                any ──▶ DEPROVISIONING ──▶ deleted
package gcp
