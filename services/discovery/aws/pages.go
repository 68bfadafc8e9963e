package aws

import (
	"hash/maphash"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// tokens are the page tokens of one listing. AWS never gives one twice; what
// does would be followed for ever.
type tokens struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// next takes the token that leads on from a page, or none.
func (t *tokens) next(at call, token *string) error {
	if aws.ToString(token) == "" {
		return nil
	}
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	hash := maphash.String(t.seed, *token)
	if _, again := t.seen[hash]; again {
		return nonsense(at.String() + " goes in circles: it gave the same page token twice")
	}
	t.seen[hash] = struct{}{}
	return nil
}
