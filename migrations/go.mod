module github.com/rollcall-dev/rollcall/migrations

go 1.26.0
