package keys

import (
	"context"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Secrets are where the secrets are kept. Its errors are faults.
type Secrets interface {
	// Rotate runs do while no other rotation runs, telling it the moment it
	// begins.
	Rotate(ctx context.Context, do func(ctx context.Context, begin time.Time) error) error
	// Stale is up to limit secrets, of accounts behind the id after, that are not
	// encrypted with a key or were so before a time.
	Stale(ctx context.Context, keyID string, before time.Time, after string, limit int) ([]accounts.Kept, error)
	// Exchange puts a secret in the place of one that is kept, and tells whether
	// that was still there.
	Exchange(ctx context.Context, kept accounts.Kept, anew accounts.Sealed) (bool, error)
	// Retire tells drop which keys are in use, while no secret can come to be kept.
	Retire(ctx context.Context, drop func(used []string) error) error
}

// rotation is one rotation under way.
type rotation struct {
	ring    *Ring
	secrets Secrets
	begin   time.Time
	// keyID of the new key.
	keyID string

	rotated    int64
	unreadable []string
}

// Rotate makes a new key and encrypts every secret anew, while they are read and
// written, and returns how many. One that was cut short leaves every secret
// readable, with the old key or the new one; the next does them all. Faults:
// ABORTED when another is at work, UNAVAILABLE when a key can't be reached,
// FAILED_PRECONDITION when some secrets can't be read: all others are done then.
func (r *Ring) Rotate(ctx context.Context, secrets Secrets) (int64, error) {
	if len(r.keepers) == 0 {
		return 0, fault.New(fault.KindFailedPrecondition, "NO_KEY",
			"Rollcall has no key to rotate; its operator sets ROLLCALL_KEYSET_FILE or ROLLCALL_KMS_KEY_URI")
	}
	job := &rotation{ring: r, secrets: secrets}
	err := secrets.Rotate(ctx, job.run)
	if err == nil && len(job.unreadable) > 0 {
		err = fault.New(fault.KindFailedPrecondition, accounts.ReasonUnreadable,
			"%d secrets were encrypted anew, and these can't be decrypted: %s; state the credentials of those accounts again",
			job.rotated, strings.Join(job.unreadable, ", "))
	}
	return job.rotated, err
}

func (j *rotation) run(ctx context.Context, begin time.Time) error {
	j.begin = begin
	drop, err := j.ring.keepers[0].renew()
	if err != nil {
		return err
	}
	if j.keyID, _, err = j.ring.keepers[0].current(ctx); err != nil {
		return err
	}
	// Who wrote a secret meanwhile may have encrypted it with the old key: look
	// again until nobody did.
	for {
		overtaken, err := j.pass(ctx)
		if err != nil {
			return err
		}
		if !overtaken {
			break
		}
	}
	if j.ring.logger != nil {
		j.ring.logger.InfoContext(ctx, "encrypted the secrets anew", "key", j.keyID, "secrets", j.rotated, "unreadable", len(j.unreadable))
	}
	return j.secrets.Retire(ctx, drop)
}

// batch is how many secrets are in memory at once.
const batch = 100

// pass goes once over all secrets that are due, and tells whether one of them
// was written meanwhile.
func (j *rotation) pass(ctx context.Context) (overtaken bool, err error) {
	j.unreadable = nil
	after := ""
	for {
		due, err := j.secrets.Stale(ctx, j.keyID, j.begin, after, batch)
		if err != nil || len(due) == 0 {
			return overtaken, err
		}
		for _, kept := range due {
			done, err := j.exchange(ctx, kept)
			if err != nil {
				return false, err
			}
			overtaken = overtaken || !done
		}
		after = due[len(due)-1].Account
	}
}

// exchange encrypts one secret anew. Done is false when it was written, or
// deleted, meanwhile.
func (j *rotation) exchange(ctx context.Context, kept accounts.Kept) (done bool, err error) {
	secret, err := j.ring.Open(ctx, kept)
	if fault.ReasonOf(err) == accounts.ReasonUnreadable {
		j.unreadable = append(j.unreadable, accounts.Name(kept.Account))
		return true, nil
	}
	if err != nil {
		return false, err
	}
	anew, err := j.ring.Seal(ctx, kept.Binding, secret)
	if err != nil {
		return false, err
	}
	done, err = j.secrets.Exchange(ctx, kept, *anew)
	if done {
		j.rotated++
	}
	return done, err
}
