// Package controltest opens data folders for tests: a control plane and the embedded
// engine in real files, by a clock that the test sets. What a test opens is closed
// when it ends, after whatever it made of it.
package controltest
