// Package gcp puts the wire protocols of Google Cloud in front of a simulated cloud: Compute Engine (v1), Cloud SQL Admin
// (v1 and v1beta4), Resource Manager (v1 and v3), and what signs in to them: the OAuth 2.0 token endpoint, the Security
// Token Service and IAM credentials. All is JSON over HTTP. Unmodified clients talk to it through
// CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE and CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL, and through the token_uri of a key file.
//
// One endpoint serves every service; the path says which:
//
//	/compute/v1/projects/…                      Compute Engine
//	/v1/projects/…/instances, /sql/v1beta4/…    Cloud SQL Admin
//	/v1/projects/…, /v3/projects/…              Resource Manager
//	/token  /v1/token  /v1/projects/-/…         OAuth 2.0, token exchange, impersonation
//
// A request passes these steps, the first that fails answers it:
//
//	access token ─▶ injected faults ─▶ project ─▶ API enabled ─▶ request limits ─▶ permission ─▶ action
//
// What the parameter `fields` does not name is left out of any answer ("Partial response" in Google's performance tips).
// Errors leave as Google's JSON error with details, and those of the front end as a page of HTML. Sources: AIP-193, the
// references of the APIs, and "Handling API errors" of Cloud APIs.
package gcp
