package keys

import (
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/tink-crypto/tink-go-awskms/v3/integration/awskms"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// awsKMS is AWS KMS, with the default credential chain and the region in the URI;
// AWS_ENDPOINT_URL_KMS redirects it. Aliases are refused, because an alias can be moved to another
// key.
var awsKMS = kmsKind{
	prefix:  "aws-kms://",
	form:    regexp.MustCompile(`^aws-kms://arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`),
	example: "aws-kms://arn:aws:kms:eu-west-1:100000000001:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	connect: func(ctx context.Context, uri string) (tink.AEADWithContext, io.Closer, error) {
		key, err := awskms.NewAEADWithContext(ctx, strings.TrimPrefix(uri, "aws-kms://"))
		return key, nil, err
	},
	rejects: func(err error) bool {
		answer, ok := errors.AsType[smithy.APIError](err)
		return ok && slices.Contains([]string{"InvalidCiphertextException", "IncorrectKeyException"}, answer.ErrorCode())
	},
}
