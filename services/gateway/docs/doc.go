// Package docs serves the OpenAPI document of the REST API and a page to read
// it. Both come from the document that buf generates from the contract; nothing
// is described twice.
package docs
