package keys_test

import (
	"bytes"
	"context"
	"hash/crc32"
	"net"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/keys"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const gcpKey = "projects/my-project/locations/europe-west1/keyRings/rollcall/cryptoKeys/secrets"

// gcpKMS answers as Google Cloud KMS does, checksums and all; what it encrypts
// is marked, not hidden.
type gcpKMS struct {
	kmspb.UnimplementedKeyManagementServiceServer
	away atomic.Bool
}

var mark = []byte("encrypted:")

func sum(data []byte) *wrapperspb.Int64Value {
	return wrapperspb.Int64(int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))))
}

func (k *gcpKMS) Encrypt(_ context.Context, in *kmspb.EncryptRequest) (*kmspb.EncryptResponse, error) {
	if k.away.Load() || in.GetName() != gcpKey {
		return nil, status.Error(codes.Unavailable, "away")
	}
	ciphertext := append(bytes.Clone(mark), in.GetPlaintext()...)
	return &kmspb.EncryptResponse{
		Name: gcpKey + "/cryptoKeyVersions/1", Ciphertext: ciphertext, CiphertextCrc32C: sum(ciphertext),
		VerifiedPlaintextCrc32C: true, VerifiedAdditionalAuthenticatedDataCrc32C: true,
	}, nil
}

func (k *gcpKMS) Decrypt(_ context.Context, in *kmspb.DecryptRequest) (*kmspb.DecryptResponse, error) {
	if k.away.Load() {
		return nil, status.Error(codes.PermissionDenied, "no more")
	}
	plaintext, ok := bytes.CutPrefix(in.GetCiphertext(), mark)
	if !ok {
		return nil, status.Error(codes.InvalidArgument, "Decryption failed: the ciphertext is invalid.")
	}
	return &kmspb.DecryptResponse{Plaintext: plaintext, PlaintextCrc32C: sum(plaintext)}, nil
}

func startGCP(t *testing.T) *gcpKMS {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	kms, server := &gcpKMS{}, grpc.NewServer()
	kmspb.RegisterKeyManagementServiceServer(server, kms)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); <-ended })
	t.Cleanup(keys.UseGCP(option.WithEndpoint(listener.Addr().String()), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials()))))
	return kms
}

func TestSeal_GoogleCloudKMS(t *testing.T) {
	kms := startGCP(t)
	ring := open(t, keys.Config{KMSKeyURIs: []string{"gcp-kms://" + gcpKey}})
	sealed, err := ring.Seal(t.Context(), to, accounts.NewSecret("hush"))
	if err != nil || sealed.KeyID != "gcp-kms://"+gcpKey || bytes.Contains(sealed.Ciphertext, []byte("hush")) {
		t.Fatalf("sealed %+v, %v", sealed, err)
	}
	wantOpens(t, ring, sealed, "hush")

	kms.away.Store(true)
	_, err = ring.Open(t.Context(), accounts.Stored{Binding: to, Sealed: *sealed})
	if fault.ReasonOf(err) != fault.ReasonKeyUnavailable {
		t.Errorf("away: %v", err)
	}
	kms.away.Store(false)
	wantOpens(t, ring, sealed, "hush")

	foreign := *sealed
	foreign.Ciphertext = bytes.Replace(sealed.Ciphertext, mark, []byte("somebodys:"), 1)
	wantUnreadable(t, ring, accounts.Stored{Binding: to, Sealed: foreign})
}
