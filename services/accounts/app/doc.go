// Package app puts the accounts service together. Tests, `rollcall up` and the
// service's own program all start it through New and Run.
//
// It listens twice: for everyone (AccountService), and for discovery alone
// (AccountService and ConnectionService, which hands out credentials), where
// outsiders can't reach and each call must prove that it comes from discovery.
package app
