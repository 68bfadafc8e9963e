// Package auth lets a service know which other service calls it. Only the
// caller and those it may call hold the caller's key; each call carries a token
// signed with it that is good for a minute (JWT, RFC 7519, HS256).
package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// keySize is the least length of a key in bytes (RFC 7518, 3.2).
	keySize = 32
	// tokenLife is how long a token is good for, and clockSkew how far two
	// machines' clocks may be apart.
	tokenLife = time.Minute
	clockSkew = 30 * time.Second
	header    = "rollcall-caller"
)

// Key is the secret that a caller shares with those it may call. It prints as
// a placeholder.
type Key struct{ secret []byte }

// NewKey is a random key.
func NewKey() Key {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // Never fails (crypto/rand).
	return Key{secret: secret}
}

// UnmarshalText reads a key in base64, at least 32 bytes of it. An empty text is
// no key.
func (k *Key) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < keySize {
		return errors.New("the key must be at least 32 random bytes in base64: make one with `openssl rand -base64 32`")
	}
	k.secret = secret
	return nil
}

// String hides the key.
func (k Key) String() string { return "(key)" }

// GoString hides the key.
func (k Key) GoString() string { return k.String() }

// IsZero tells whether there is no key.
func (k Key) IsZero() bool { return len(k.secret) == 0 }

// PerRPC signs each call as coming from caller.
func PerRPC(key Key, caller string) credentials.PerRPCCredentials {
	return perRPC{key: key, caller: caller}
}

type perRPC struct {
	key    Key
	caller string
}

// GetRequestMetadata signs one call.
func (p perRPC) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer:    p.caller,
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(tokenLife)),
	}).SignedString(p.key.secret)
	if err != nil {
		return nil, fmt.Errorf("sign the call: %w", err)
	}
	return map[string]string{header: token}, nil
}

// RequireTransportSecurity is false: the token proves the caller and says
// nothing secret; encryption on the way is the network's (mesh, TLS proxy).
func (perRPC) RequireTransportSecurity() bool { return false }

// Require lets only caller in, who holds key; nobody where there is no key.
// Health and reflection stay open to all.
func Require(key Key, caller string) func(ctx context.Context, fullMethod string) error {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Name}),
		jwt.WithIssuer(caller), jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew))
	return func(ctx context.Context, fullMethod string) error {
		if isOpen(fullMethod) {
			return nil
		}
		tokens := metadata.ValueFromIncomingContext(ctx, header)
		if len(tokens) != 1 || key.IsZero() {
			return fault.New(fault.KindUnauthenticated, "CALLER_UNKNOWN",
				"%s is internal: only %s may call it, and this call says nothing of who calls", fullMethod, caller)
		}
		_, err := parser.Parse(tokens[0], func(*jwt.Token) (any, error) { return key.secret, nil })
		if err != nil {
			return fault.New(fault.KindPermissionDenied, "CALLER_REFUSED",
				"%s is internal: only %s may call it, and this call is not proven to come from there", fullMethod, caller).WithCause(err)
		}
		return nil
	}
}

// isOpen tells the methods that anyone who reaches the listener may call: they
// say nothing of any account.
func isOpen(fullMethod string) bool {
	return strings.HasPrefix(fullMethod, "/grpc.health.v1.") || strings.HasPrefix(fullMethod, "/grpc.reflection.")
}
