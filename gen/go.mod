module github.com/rollcall-dev/rollcall/gen

go 1.26.0
