// Package app builds the gateway of its parts and runs it. New opens all it
// needs, listeners included, so that an occupied port is New's error; Run serves
// until its context ends; Close gives everything back.
package app
