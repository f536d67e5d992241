// Package middleware is what every request passes: the pace of its body and its
// answer, recovery, a request id, the log, the security headers with a fresh nonce
// and the refusal of other sites; and where who is signed in is noted.
package middleware
