package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// rotate rotates the keys and fails the test on an error.
func (s *service) rotate(t *testing.T) int64 {
	t.Helper()
	resp, err := s.keys.RotateKeys(t.Context(), &accountsv1.RotateKeysRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetRotated()
}

// keyCount returns the number of keys in a keyset file.
func keyCount(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the keyset has the mode %v, %v", info.Mode(), err)
	}
	return strings.Count(string(text), `"status"`)
}

// TestRotate_WhileInUse rotates repeatedly on two replicas that share a keyset, while both read and
// write secrets: all calls succeed.
func TestRotate_WhileInUse(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	file := filepath.Join(t.TempDir(), "keyset.json")
	replicas := []*service{
		startWith(t, db.URL, func(c *app.Config) { c.KeysetFile = file }),
		startWith(t, db.URL, func(c *app.Config) { c.KeysetFile = file }),
	}
	const count, rounds = 6, 12
	written := make([]string, count) // by each account's own writer
	names := make([]string, count)
	for i := range names {
		names[i] = replicas[0].create(t, withKey(fmt.Sprintf("%012d", i+1), "AKIA", "first")).GetName()
	}

	var writers sync.WaitGroup
	for i, name := range names {
		writers.Go(func() {
			for round := range rounds {
				s := replicas[(i+round)%len(replicas)]
				secret := fmt.Sprintf("secret-%d-%d", i, round)
				patch := withKey("", "AKIA", secret).GetAccount()
				patch.Name = name
				_, err := s.update(t, patch)
				if status.Code(err) == codes.Aborted {
					// Two rotations passed between the encrypting and the writing.
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				written[i] = secret
				if got := s.secretOf(t, name); got != secret {
					t.Errorf("%s reads %q, want %q", name, got, secret)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { writers.Wait(); close(ended) }()
	for turn, going := 0, true; going; turn++ {
		_, err := replicas[turn%len(replicas)].keys.RotateKeys(t.Context(), &accountsv1.RotateKeysRequest{})
		if err != nil {
			t.Error(err)
		}
		select {
		case <-ended:
			going = false
		default:
		}
	}
	<-ended
	for i, name := range names {
		if got := replicas[i%2].secretOf(t, name); got != written[i] {
			t.Errorf("%s reads %q in the end, want %q", name, got, written[i])
		}
	}
	if n := replicas[0].rotate(t); n != count {
		t.Errorf("rotated %d secrets, want %d", n, count)
	}
	// The key of now, and the one before it for copies of the database.
	if n := keyCount(t, file); n != 2 {
		t.Errorf("the keyset holds %d keys, want 2", n)
	}
}

func TestRotate_OneAtATime(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	s := startOn(t, db.URL)
	// As another process would hold it.
	conn, err := db.Pool(t).Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock(x'726f7461746531'::bigint)`); err != nil {
		t.Fatal(err)
	}
	_, err = s.keys.RotateKeys(t.Context(), &accountsv1.RotateKeysRequest{})
	wantRefusal(t, err, codes.Aborted, "ROTATION_RUNNING")
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_unlock(x'726f7461746531'::bigint)`); err != nil {
		t.Fatal(err)
	}
	if n := s.rotate(t); n != 0 {
		t.Errorf("rotated %d secrets, and there are none", n)
	}
}

// TestRotate_UnreadableSecret rotates with a secret that was tampered with: the error names it, and
// all others are encrypted.
func TestRotate_UnreadableSecret(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	s, pool := startOn(t, db.URL), db.Pool(t)
	for i := range 3 {
		s.create(t, withKey(fmt.Sprintf("%012d", i), "AKIA", secretKey))
	}
	if _, err := pool.Exec(t.Context(), `UPDATE accounts.secrets SET ciphertext = 'x' WHERE account_id = 'aws-000000000001'`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := s.keys.RotateKeys(t.Context(), &accountsv1.RotateKeysRequest{})
		r := wantRefusal(t, err, codes.FailedPrecondition, "SECRET_UNREADABLE")
		if !strings.Contains(r.message, "2 secrets were encrypted again") || !strings.Contains(r.message, "accounts/aws-000000000001;") {
			t.Error(r.message)
		}
	}
	if s.secretOf(t, "accounts/aws-000000000000") != secretKey || s.secretOf(t, "accounts/aws-000000000002") != secretKey {
		t.Error("another secret suffered")
	}
}
