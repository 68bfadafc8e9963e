package aws_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// BenchmarkPage serves pages of 1,000 instances, to memory and over a connection. Compare
// instances/s: the AWS SDK for Go reads about 20,000 a second on one core.
func BenchmarkPage(b *testing.B) {
	c := serve(b, cloudsim.Config{Clouds: cloudsim.Clouds{aws.Config{Regions: []string{homeRegion}, Instances: 1000, IgnoreSignatures: true}}})
	const form = "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000"
	request := func(url string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, url, strings.NewReader(form))
		r.RequestURI = ""
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.Key(firstAccount).AccessKeyID+"/20260101/"+homeRegion+
			"/ec2/aws4_request, SignedHeaders=host, Signature=0")
		return r
	}
	b.Run("memory", func(b *testing.B) {
		handler := aws.NewHandler(c.World)
		b.ReportAllocs()
		for b.Loop() {
			w := &httptest.ResponseRecorder{Body: new(bytes.Buffer)}
			w.Body.Grow(6 << 20)
			handler.ServeHTTP(w, request("/"))
			if w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
			b.SetBytes(int64(w.Body.Len()))
		}
		b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "instances/s")
	})
	b.Run("loopback", func(b *testing.B) {
		for b.Loop() {
			resp, err := c.http.Do(request(c.server.URL))
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Fatal(resp.Status, err)
			}
			b.SetBytes(n)
		}
		b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "instances/s")
	})
}
