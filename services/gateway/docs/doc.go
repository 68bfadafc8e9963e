// Package docs serves the OpenAPI document of the REST API and a page that shows it. Both come
// from the document that buf generates from the proto files, so nothing is described twice.
package docs
