// Package dbtest gives each test a Postgres database of its own, in tens of milliseconds.
//
// A test binary that uses it has one TestMain:
//
//	func TestMain(m *testing.M) { dbtest.Main(m) }
//
// and its tests ask for a database that is already migrated:
//
//	db := dbtest.New(t, dbtest.Template{Service: "inventory", Version: dbtest.HashFS(files), Migrate: migrate})
//	pool := db.Pool(t)
//
// The first test of a binary starts a server (see package pgserver), the first test of a template migrates it, and from
// then on a database is a copy made by CREATE DATABASE … TEMPLATE. All of it works in parallel tests.
//
// When ROLLCALL_TEST_DATABASE_URL is set, that server is used instead and keeps the templates for other binaries. It must
// be there for tests alone: the passwords of its roles are known to everybody.
//
// Tests of what happens while Postgres is away take a server of their own, NewServer, which they can stop, start and kill.
package dbtest
