package cloudsim

import "time"

// Demo returns the configuration of the demo company with the given clouds: each change takes eight
// seconds, and each response 15 ms.
func Demo(seed uint64, clouds ...CloudConfig) Config {
	return Config{Seed: seed, Transition: 8 * time.Second, Latency: 15 * time.Millisecond, Clouds: clouds}
}
