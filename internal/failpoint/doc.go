// Package failpoint kills the process at a named point, for the tests of what a
// crash leaves behind.
//
// Without the build tag failpoint it does nothing. With it, a program started
// with FAILPOINT=name in its environment ends by SIGKILL when it gets there.
package failpoint
