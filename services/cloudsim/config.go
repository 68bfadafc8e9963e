package cloudsim

import "time"

const (
	// DefaultTransition is how long an instance or database stays pending, stopping and so on.
	DefaultTransition = 5 * time.Second
	// Immediately is the Config.Transition with which every state change completes at once.
	Immediately = time.Duration(-1)
)

// DefaultEpoch is the default of Config.Epoch.
var DefaultEpoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Clouds are the configurations of the clouds of a World.
type Clouds []CloudConfig

// Config describes a World.
type Config struct {
	// Seed determines every id, name, address and tag.
	Seed uint64
	// Clouds are the configurations of the simulated clouds, at most one of each type.
	Clouds Clouds

	// Now is the world's clock. Default: time.Now.
	Now func() time.Time
	// Epoch is the time that generated resources are dated relative to: they were created before
	// it. It must be the same after a restart, or their creation times change. Default:
	// DefaultEpoch, or Now if the clock is before that.
	Epoch time.Time
	// Transition is how long intermediate states last. Zero means DefaultTransition; see
	// Immediately.
	Transition time.Duration

	// VersionTag names a tag or label that counts the changes of each resource, so that a reader
	// can order two observations of it. State transitions by the clock are not counted. Default: no
	// such tag.
	VersionTag string
	// PageSize limits the number of items on a page of a list, whatever the request wants. Zero
	// means the limits of the real services.
	PageSize int
	// Latency is added to every response.
	Latency time.Duration
}

// Check returns the first mistake in a configuration, or nil if New accepts it.
func (c Config) Check() error {
	for _, cloud := range c.Clouds {
		if err := cloud.Check(); err != nil {
			return err
		}
	}
	return nil
}

// complete returns the configuration with every default filled in.
func (c Config) complete() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Epoch.IsZero() {
		c.Epoch = DefaultEpoch
	}
	if now := c.Now(); now.Before(c.Epoch) {
		c.Epoch = now
	}
	if c.Transition == 0 {
		c.Transition = DefaultTransition
	}
	c.Transition = max(c.Transition, 0)
	return c
}
