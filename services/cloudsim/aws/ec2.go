package aws

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// ec2 implements Amazon EC2.
type ec2 struct{}

const (
	ec2Version   = "2016-11-15"
	ec2Namespace = "http://ec2.amazonaws.com/doc/" + ec2Version + "/"
)

var ec2Actions = ec2Answers(map[string]action{
	"DescribeRegions":              describeRegions,
	"DescribeInstances":            describeInstances,
	"DescribeSpotInstanceRequests": describeSpotRequests,
	"RunInstances":                 runInstances,
	"StartInstances":               changeState(Pending, "started"),
	"StopInstances":                changeState(Stopping, "stopped"),
	"TerminateInstances":           changeState(ShuttingDown, "terminated"),
	"ModifyInstanceAttribute":      modifyInstanceAttribute,
	"CreateTags":                   createTags,
	"DeleteTags":                   deleteTags,
})

// ec2Answers wraps the content of every action in EC2's response envelope.
func ec2Answers(contents map[string]action) map[string]action {
	for name, content := range contents {
		contents[name] = ec2Answer(name, content)
	}
	return contents
}

func (ec2) version() string            { return ec2Version }
func (ec2) actions() map[string]action { return ec2Actions }

func (ec2) narrowed(form url.Values) bool {
	return form.Has("MaxResults") || form.Has("NextToken") || numbered(form, "Filter") || numbered(form, "InstanceId")
}

func (ec2) reads(form url.Values) cloudsim.Request {
	named := numbered(form, "InstanceId") || names(form, "Filter.", "instance-id")
	return asked(form, "NextToken", named)
}

// writeError writes an error in EC2's format, which other services do not use.
func (ec2) writeError(d *document, f *failure, requestID string) {
	d.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response><Errors><Error>")
	d.text("Code", f.code)
	d.text("Message", f.message)
	d.raw("</Error></Errors>")
	d.word("RequestID", requestID)
	d.raw("</Response>")
}

// ec2Answer wraps the content of an action in EC2's response envelope.
func ec2Answer(name string, content action) action {
	return func(req *request, d *document) error {
		d.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<" + name + `Response xmlns="` + ec2Namespace + `">`)
		d.word("requestId", req.id)
		if err := content(req, d); err != nil {
			return err
		}
		d.raw("</" + name + "Response>")
		return nil
	}
}

// tokenScope returns a number that ties page tokens to an account, a region and an action.
func tokenScope(call cloudsim.Call) uint64 {
	var scope uint64
	for _, c := range call.Account + "/" + call.Region + "/" + call.Action {
		scope = cloudsim.Mix(scope, uint64(c))
	}
	return scope
}

// pageToken returns an opaque token for the position after a page: the Seq of its last instance.
// The order of instances never changes, so pages do not repeat or skip instances while others come
// and go.
func pageToken(call cloudsim.Call, seq uint64) string {
	raw := binary.BigEndian.AppendUint64(nil, seq)
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(raw, cloudsim.Mix(tokenScope(call), seq)))
}

// parsePageToken returns the position in a token. The empty token is the beginning.
func parsePageToken(call cloudsim.Call, token string) (uint64, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && len(raw) == 16 {
		seq := binary.BigEndian.Uint64(raw)
		if binary.BigEndian.Uint64(raw[8:]) == cloudsim.Mix(tokenScope(call), seq) {
			return seq, nil
		}
	}
	return 0, fail(http.StatusBadRequest, "InvalidParameterValue", "Unable to parse pagination token")
}
