// Package app is the cloudsim program: its settings, the clouds that it simulates, and their
// servers.
package app
