package gcp

import "errors"

// The errors of Google Cloud alone; package cloudsim has those that all clouds share.
var (
	ErrNoProject = errors.New("no such project")
	ErrLocalSSD  = errors.New("has local SSDs, and the request does not specify whether to discard them")
)
