// Package e2e tests the program as its users meet it: the built binary as a
// process of its own, and real Chromium in front of it.
//
// It has tests only. A browser's every page is watched: a violation of the
// content security policy, an error in the console or a finding of axe-core
// fails the test that caused it.
package e2e
