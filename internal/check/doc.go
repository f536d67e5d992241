// Package check holds the rules of this repository that no compiler knows, as
// tests over its files: who may import whom, what every package and exported
// name has to say and show, how long lines, files, interfaces and types get, how names
// fold, what the policy header and htmx 4 forbid in templates, and that the
// commands of README, Makefile, Dockerfile and .ci/run and the tables of rooms
// are the same as the tree.
//
// A rule that isn't kept everywhere yet has an allowance beside it, which only
// shrinks: the test fails where there is more than it says, and where there is
// less, and prints the table that would be right.
//
// It has tests only. They read files and need no network.
//
// The files are all in the tree but those .gitignore names. They are read with
// package os and not asked from git, so that go test sees when one changes and
// doesn't answer from its cache.
package check
