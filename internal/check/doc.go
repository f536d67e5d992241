// Package check holds the rules of this repository that no compiler knows, as
// tests over its files: who may import whom, what every package and exported
// name has to say, what the policy header and htmx 4 forbid in templates, and
// that the commands of README, Makefile, Dockerfile and .ci/run are the same.
//
// It has tests only. They read files and need no network.
//
// The files are all in the tree but those .gitignore names. They are read with
// package os and not asked from git, so that go test sees when one changes and
// doesn't answer from its cache.
package check
