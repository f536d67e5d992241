// Package auth knows who signs in, how they prove it, what they may do, and
// for how long.
//
// # Roles
//
// An [Operator] has one [Role], a role grants [Permission]s, and every route
// declares the one it needs. [Role.Can] is the only place where that is
// decided. A role is read again with each request and never kept in a session,
// so taking a right away works at once.
//
// # Passwords
//
// A [Hasher] turns passwords into argon2id hashes and checks them, at most
// four at once because each takes 46 MiB. Ask [CheckNew] before a password is
// accepted. When nobody has the given e-mail, call [Hasher.VerifyUnknown], so
// that the answer takes as long as a wrong password does.
//
// # Throttling
//
// A [Throttle] slows guessing down and never locks an account. The order is
//
//	if d := throttle.Check(email, ip); d > 0 {
//		return throttle.Refusal(d) // and a Retry-After header
//	}
//	// find the operator, verify the password, then exactly one of:
//	throttle.Fail(email, ip)
//	throttle.Succeed(email, ip)
//
// # Sessions
//
// A [Store] is a gorilla sessions.Store whose sessions live on the server,
// in [SessionRecords]. The browser holds 256 random bits and nothing else; the
// records hold their hash, so a copy of the database signs nobody in. A session
// ends 30 minutes after it was last used and 12 hours after it began, at
// logout, and when somebody revokes it; on a clock that was put back see
// [Session.Expired]. Signing in always makes a new id.
//
// In a middleware:
//
//	session, ok, err := store.Current(r)
//	switch {
//	case err != nil: // the records do not answer: 503, keep the cookie
//	case !ok: // store.SaveDraft if a form was sent, store.Clear, then sign in
//	default: // load session.Operator, refuse it when disabled
//	}
//
// # Drafts
//
// A form that was filled in while its session expired isn't lost:
// [Store.SaveDraft] keeps it with the expired session, [Store.Login] moves it to
// the new one if the same operator signs in from the same browser, and
// [Store.TakeDraft] gives it back once.
//
// # Tokens
//
// [NewToken] makes a secret for machines or for one use; only its hash is
// stored.
//
// The numbers in this package follow OWASP's Application Security Verification
// Standard 5.0 (ASVS) and Password Storage Cheat Sheet unless said otherwise.
package auth
