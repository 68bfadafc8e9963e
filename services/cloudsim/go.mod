module github.com/rollcall-dev/rollcall/services/cloudsim

go 1.26.0
