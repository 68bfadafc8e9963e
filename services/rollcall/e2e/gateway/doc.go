// Package gateway tests the gateway with all services behind it, in one process
// on pipes, each on a database of its own: REST, the gRPC front door, and the
// console in a real Chromium.
//
// What the console shows is put in through the services' own doors, the way
// discovery does it. Accounts are paused, so that discovery does not read them
// as well, but where a test is about that.
//
// Without a browser on the machine the tests of the console are left out and say
// so; with ROLLCALL_REQUIRE_BROWSER=1 they fail instead. ROLLCALL_SCREENSHOTS
// names a folder that takes pictures of the console.
package gateway
