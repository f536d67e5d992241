//go:build !unbound

package bounds

const bound = true
