package gcp

import (
	"maps"
	"slices"
	"sync"
)

// permissions records the permissions that calls required.
type permissions struct {
	mu       sync.Mutex
	required map[string]map[string]bool // by project
}

func (p *permissions) init() { p.required = make(map[string]map[string]bool) }

// NeedPermission records that a call about a project required a permission, whether the caller had
// it or not.
func (c *Cloud) NeedPermission(projectID, permission string) {
	c.permissions.mu.Lock()
	defer c.permissions.mu.Unlock()
	required := c.permissions.required[projectID]
	if required == nil {
		required = make(map[string]bool)
		c.permissions.required[projectID] = required
	}
	required[permission] = true
}

// PermissionsNeeded returns the permissions that the calls about a project required, sorted.
func (c *Cloud) PermissionsNeeded(projectID string) []string {
	c.permissions.mu.Lock()
	defer c.permissions.mu.Unlock()
	return slices.Sorted(maps.Keys(c.permissions.required[projectID]))
}
