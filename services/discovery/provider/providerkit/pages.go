package providerkit

import (
	"hash/maphash"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// PageTokens are the page tokens of one listing. A cloud never returns the same token twice; a
// listing that does would be followed forever. The zero value is ready for use.
type PageTokens struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// Next records the token of the next page, or "" after the last one. It returns a fault if the
// listing had the token already. source names the API for people: "EC2 in eu-west-1".
func (t *PageTokens) Next(source, token string) error {
	if token == "" {
		return nil
	}
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	hash := maphash.String(t.seed, token)
	if _, again := t.seen[hash]; again {
		return provider.InvalidAnswer(source + " returned the same page token twice: the listing would never end")
	}
	t.seen[hash] = struct{}{}
	return nil
}

// EachPage reads the pages of a listing one after the other, until there is no next token. read
// returns the token of the next page, or "" after the last one.
func EachPage(source string, read func(token string) (next string, err error)) error {
	var tokens PageTokens
	for token := ""; ; {
		next, err := read(token)
		if err != nil {
			return err
		}
		if err := tokens.Next(source, next); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		token = next
	}
}
