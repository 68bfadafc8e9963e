// Package gateway tests the gateway with all services behind it, in one process and with a database
// for each service: REST, the public gRPC API, and the console in Chromium.
//
// The tests write accounts and instances through the internal APIs of the services, like discovery.
// Accounts are paused, so that discovery does not read them too, except in tests of syncs.
//
// Without a browser the tests of the console are skipped; with ROLLCALL_REQUIRE_BROWSER=1 they fail
// instead. ROLLCALL_SCREENSHOTS names a folder for screenshots of the console.
package gateway
