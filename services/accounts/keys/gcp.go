package keys

import (
	"context"
	"errors"
	"io"
	"regexp"

	"github.com/tink-crypto/tink-go-gcpkms/v2/integration/gcpkms"
	"github.com/tink-crypto/tink-go/v2/tink"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// gcpKMS is Google Cloud KMS, with the application default credentials.
var gcpKMS = kmsKind{
	prefix:  "gcp-kms://",
	form:    regexp.MustCompile(`^gcp-kms://projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$`),
	example: "gcp-kms://projects/my-project/locations/europe-west1/keyRings/rollcall/cryptoKeys/secrets",
	connect: func(ctx context.Context, uri string) (tink.AEADWithContext, io.Closer, error) {
		return connectGCP(ctx, uri)
	},
	rejects: func(err error) bool { return status.Code(err) == codes.InvalidArgument },
}

func connectGCP(ctx context.Context, uri string, options ...option.ClientOption) (tink.AEADWithContext, io.Closer, error) {
	client, err := gcpkms.NewClient(ctx, uri, gcpkms.WithGoogleAPIClientOptions(options...))
	if err != nil {
		return nil, nil, err
	}
	key, err := client.GetAEAD(uri)
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	withContext, ok := key.(tink.AEADWithContext)
	if !ok {
		return nil, nil, errors.Join(errors.New("the client of Google Cloud KMS does not accept a context"), client.Close())
	}
	return withContext, client, nil
}
