package keys

import (
	"context"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Secrets stores the secrets. Its errors are faults.
type Secrets interface {
	// Rotate calls do with the time of its begin while no other rotation runs.
	Rotate(ctx context.Context, do func(ctx context.Context, begin time.Time) error) error
	// Stale returns at most limit secrets, of accounts after the id, that are encrypted with another
	// key or were encrypted before a time.
	Stale(ctx context.Context, keyID string, before time.Time, after string, limit int) ([]accounts.Stored, error)
	// Exchange replaces a stored secret, and reports whether it was still stored.
	Exchange(ctx context.Context, stored accounts.Stored, next accounts.Sealed) (bool, error)
	// Retire calls drop with the ids of the keys in use, while no secret can be stored.
	Retire(ctx context.Context, drop func(used []string) error) error
}

// rotation is one running rotation.
type rotation struct {
	ring    *Ring
	secrets Secrets
	begin   time.Time
	// keyID of the new key.
	keyID string

	rotated    int64
	unreadable []string
}

// Rotate makes a new key, encrypts every secret again while they are read and written, and returns
// the number of secrets. After an interrupted rotation every secret can be read, with the old key or
// the new one, and the next rotation encrypts all of them. Faults: ABORTED if another rotation runs,
// UNAVAILABLE if a key can't be reached, FAILED_PRECONDITION if some secrets can't be read; all
// others are encrypted then.
func (r *Ring) Rotate(ctx context.Context, secrets Secrets) (int64, error) {
	if len(r.sources) == 0 {
		return 0, fault.New(fault.KindFailedPrecondition, fault.ReasonNoKey,
			"Rollcall has no key to rotate; its operator sets ROLLCALL_KEYSET_FILE or ROLLCALL_KMS_KEY_URI")
	}
	job := &rotation{ring: r, secrets: secrets}
	err := secrets.Rotate(ctx, job.run)
	if err == nil && len(job.unreadable) > 0 {
		err = fault.New(fault.KindFailedPrecondition, accounts.ReasonUnreadable,
			"%d secrets were encrypted again, and these can't be decrypted: %s; set the credentials of those accounts again",
			job.rotated, strings.Join(job.unreadable, ", "))
	}
	return job.rotated, err
}

func (j *rotation) run(ctx context.Context, begin time.Time) error {
	j.begin = begin
	drop, err := j.ring.sources[0].renew()
	if err != nil {
		return err
	}
	if j.keyID, _, err = j.ring.sources[0].current(ctx); err != nil {
		return err
	}
	// A secret that was written at the same time may be encrypted with the old key: repeat until
	// there is none.
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
		j.ring.logger.InfoContext(ctx, "secrets encrypted with the new key", "key", j.keyID, "secrets", j.rotated, "unreadable", len(j.unreadable))
	}
	return j.secrets.Retire(ctx, drop)
}

// batch is the number of secrets in memory at once.
const batch = 100

// pass encrypts all stale secrets once, and reports whether one of them was written at the same
// time.
func (j *rotation) pass(ctx context.Context) (overtaken bool, err error) {
	j.unreadable = nil
	after := ""
	for {
		due, err := j.secrets.Stale(ctx, j.keyID, j.begin, after, batch)
		if err != nil || len(due) == 0 {
			return overtaken, err
		}
		for _, stored := range due {
			done, err := j.exchange(ctx, stored)
			if err != nil {
				return false, err
			}
			overtaken = overtaken || !done
		}
		after = due[len(due)-1].Account
	}
}

// exchange encrypts one secret again. Done is false if it was written or deleted at the same time.
func (j *rotation) exchange(ctx context.Context, stored accounts.Stored) (done bool, err error) {
	secret, err := j.ring.Open(ctx, stored)
	if fault.ReasonOf(err) == accounts.ReasonUnreadable {
		j.unreadable = append(j.unreadable, accounts.Name(stored.Account))
		return true, nil
	}
	if err != nil {
		return false, err
	}
	next, err := j.ring.Seal(ctx, stored.Binding, secret)
	if err != nil {
		return false, err
	}
	done, err = j.secrets.Exchange(ctx, stored, *next)
	if done {
		j.rotated++
	}
	return done, err
}
