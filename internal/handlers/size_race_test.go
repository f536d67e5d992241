//go:build race

package handlers_test

// small says that the engine is slow here, so tests use less data.
const small = true
