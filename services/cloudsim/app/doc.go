// Package app is the cloudsim program: its flags, and a server that runs until it is told to stop.
package app
