// Package page holds the parts that the console and the API page share.
package page
