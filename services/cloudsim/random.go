package cloudsim

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// Hash returns a number for a list of names, the same in every process.
func Hash(parts ...string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strings.Join(parts, "\x00"))) // a hash.Hash never fails
	return Mix(h.Sum64(), 0)
}

// Mix derives the n-th number from x. Numbers for different n are unrelated. It is the finaliser of
// SplitMix64.
func Mix(x, n uint64) uint64 {
	x += (n + 1) * 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// Pick returns an element of list.
func Pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
