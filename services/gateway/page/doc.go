// Package page has the templates that the console and the API page share.
package page
