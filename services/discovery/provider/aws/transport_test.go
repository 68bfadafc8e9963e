package aws

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// See settled.
func TestTransport_FastPeerNeedsNoRetry(t *testing.T) {
	t.Parallel()
	answer := []byte("<GetCallerIdentityResponse><GetCallerIdentityResult>" + strings.Repeat(" ", 256<<10) +
		"<Account>100000000001</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }))
	defer server.Close()
	client := newHTTPClient(time.Minute)
	defer client.CloseIdleConnections()
	identity := sts.New(sts.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
	})
	const calls = 300
	repeated := 0
	for range calls {
		answer, err := identity.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || aws.ToString(answer.Account) != "100000000001" {
			t.Fatalf("%v (%v)", answer, err)
		}
		results, _ := retry.GetAttemptResults(answer.ResultMetadata)
		repeated += len(results.Results) - 1
	}
	if repeated > 0 {
		t.Errorf("%d of %d calls had to be repeated", repeated, calls)
	}
}
