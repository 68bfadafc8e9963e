package keys

import (
	"context"
	"io"

	"github.com/tink-crypto/tink-go/v2/tink"
	"google.golang.org/api/option"
)

// UseGCP has rings reach Google Cloud KMS with options, until undo is called.
func UseGCP(options ...option.ClientOption) (undo func()) {
	for i, kind := range kmsKinds {
		if kind.prefix != gcpKMS.prefix {
			continue
		}
		kmsKinds[i].connect = func(ctx context.Context, uri string) (tink.AEADWithContext, io.Closer, error) {
			return connectGCP(ctx, uri, options...)
		}
		return func() { kmsKinds[i] = gcpKMS }
	}
	panic("there is no Google Cloud KMS")
}
