package aws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// issue returns a new session of a role. Its token contains everything about the session, so
// sessions use no memory. The caller holds mu.
//
// The token is FwoGSIM and the base64url encoding of the issue and expiry times in Unix
// nanoseconds, the key id, the account, the role and the session name, followed by a MAC.
func (s *identities) issue(accountID, role, session string, now time.Time, duration time.Duration) Principal {
	s.issued++
	expires := now.Add(duration).UTC().Truncate(time.Second)
	id := "ASIA" + resourceLetters(cloudsim.Mix(s.seed, cloudsim.Hash("session", accountID, role)+s.issued))[:16]
	body := strings.Join([]string{id, accountID, role, session}, "\n")
	raw := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))
	raw = binary.BigEndian.AppendUint64(raw, uint64(expires.UnixNano()))
	raw = append(raw, body...)
	raw = append(raw, s.mac(raw)...)
	return s.principal(accountID, role, session, Key{
		AccessKeyID: id, Secret: secretFor(s.seed, id), Token: tokenPrefix + base64.RawURLEncoding.EncodeToString(raw), Expires: expires,
	})
}

const tokenPrefix = "FwoGSIM"

// session returns the session of a token. The caller holds mu. Errors: ErrUnknownKey, ErrBadToken,
// ErrExpiredToken.
func (s *identities) session(accessKeyID, token string, now time.Time) (Principal, error) {
	if !strings.HasPrefix(accessKeyID, "ASIA") {
		return Principal{}, &cloudsim.ResourceError{Err: ErrUnknownKey, ID: accessKeyID}
	}
	bad := &cloudsim.ResourceError{Err: cloudsim.ErrBadToken, ID: accessKeyID}
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) < 16+sha256.Size {
		return Principal{}, bad
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	fields := strings.SplitN(string(body[16:]), "\n", 4)
	if !hmac.Equal(mac, s.mac(body)) || len(fields) != 4 || fields[0] != accessKeyID {
		return Principal{}, bad
	}
	issued := time.Unix(0, int64(binary.BigEndian.Uint64(body)))
	expires := time.Unix(0, int64(binary.BigEndian.Uint64(body[8:]))).UTC()
	if over, ok := s.expired[fields[1]]; !now.Before(expires) || ok && !issued.After(over) {
		return Principal{}, &cloudsim.ResourceError{Err: cloudsim.ErrExpiredToken, ID: accessKeyID}
	}
	return s.principal(fields[1], fields[2], fields[3], Key{
		AccessKeyID: accessKeyID, Secret: secretFor(s.seed, accessKeyID), Token: token, Expires: expires,
	}), nil
}

// principal returns the principal of a session. The caller holds mu.
func (s *identities) principal(accountID, role, session string, key Key) Principal {
	name := role[strings.LastIndexByte(role, '/')+1:]
	return Principal{
		Account: accountID,
		ARN:     fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", accountID, name, session),
		UserID:  "AROA" + resourceLetters(cloudsim.Hash("role", accountID, role))[:17] + ":" + session,
		Deny:    s.roles[accountID+"/"+role].Deny,
		Key:     key,
	}
}

func (s *identities) mac(data []byte) []byte {
	h := hmac.New(sha256.New, binary.BigEndian.AppendUint64([]byte("cloudsim session"), s.seed))
	h.Write(data) // a hash.Hash never fails
	return h.Sum(nil)
}
