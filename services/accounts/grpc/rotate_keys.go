package grpc

import (
	"context"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

// RotateKeys encrypts every secret again with a new key.
func (s *keyService) RotateKeys(ctx context.Context, _ *accountsv1.RotateKeysRequest) (*accountsv1.RotateKeysResponse, error) {
	rotated, err := s.Rotate(ctx)
	if err != nil {
		return nil, err
	}
	return &accountsv1.RotateKeysResponse{Rotated: rotated}, nil
}
