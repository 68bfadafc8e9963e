// Package app builds the gateway from its parts and runs it. New opens everything, including the
// listeners, and fails if a port is in use; Run serves until its context ends; Close releases
// everything that New opened.
package app
